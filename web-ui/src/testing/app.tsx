// The whole UI in a document, at an address, against the server in memory.
import "./document";
import { act, cleanup, configure, render, screen } from "@testing-library/react";
import { userEvent } from "@testing-library/user-event";
import { afterEach } from "vitest";
import { App } from "@/app/App";
import { router } from "@/app/router";
import { Role } from "@/gen/errata/v1/command_pb";
import { ProjectService } from "@/gen/errata/v1/project_pb";
import { queryClient } from "@/shared/api/queryClient";
import { useNotices } from "@/shared/state/notices";
import { server } from "./server";

// Deadlines, for a busy machine: what is waited for comes at once. What the aria tree
// hides is found as well: to look at each element's style would take most of the time.
configure({ asyncUtilTimeout: 30_000, defaultHidden: true });

export const ADA = { id: 1, email: "ada@example.org", name: "Ada", role: Role.OWNER };
export const BOB = { id: 2, email: "bob@example.org", name: "", role: Role.MEMBER };
export const SHOP = { id: 1, name: "shop", platform: "javascript-browser", events: 12n, unresolvedIssues: 3n };

/** Opens a page as its owner, of an installation with a project and two people. */
export async function open(path: string): Promise<ReturnType<typeof userEvent.setup>> {
  const known = { viewer: ADA, organization: "Example", publicUrl: window.location.origin, mailConfigured: true };
  const { getViewer, listProjects, listMembers } = ProjectService.method;
  if (!server.answers(getViewer)) server.on(getViewer, () => known);
  if (!server.answers(listProjects)) server.on(listProjects, () => ({ projects: [SHOP] }));
  if (!server.answers(listMembers)) server.on(listMembers, () => ({ members: [ADA, BOB] }));
  // The router has asked already, when it was made.
  queryClient.clear();
  const user = userEvent.setup();
  render(<App />);
  await act(() => router.navigate(path));
  return user;
}

/** As by a link, or so many steps back. */
export const go = (to: string | number): Promise<void> =>
  act(() => (typeof to === "number" ? router.navigate(to) : router.navigate(to)));

/** "/issues?level=error" */
export const address = (): string => router.state.location.pathname + router.state.location.search;

/** What the notices at the bottom say, oldest first. */
export const notices = (): string[] => useNotices.getState().shown.map(({ text }) => text);

export const button = (name: string | RegExp): HTMLElement => screen.getByRole("button", { name });

afterEach(async () => {
  cleanup();
  useNotices.getState().clear();
  await queryClient.cancelQueries();
  queryClient.clear();
  server.reset();
});
