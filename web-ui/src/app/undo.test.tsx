// Triage and its way back on the list, as a person does it: by button and by key, one
// after the other, and when the server refuses.
import { Code, ConnectError } from "@connectrpc/connect";
import { screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { CommandService, IssueStatus } from "@/gen/errata/v1/command_pb";
import { IssueService } from "@/gen/errata/v1/issue_pb";
import { button, notices, open } from "@/testing/app";
import { held, server } from "@/testing/server";

vi.mock("@/shared/api/transport", () => import("@/testing/server"));

const { setIssueStatus, assignIssues } = CommandService.method;
const IDS = ["a", "b", "c"];

/** What the server has; commands change it, as there. */
let statuses: Map<string, IssueStatus>;
let position: number;

beforeEach(() => {
  statuses = new Map(IDS.map((id) => [id, IssueStatus.UNRESOLVED]));
  position = 0;
  server.on(IssueService.method.listIssues, () => ({
    issues: IDS.map((id) => ({
      id,
      projectId: 1,
      title: `Error ${id}`,
      status: statuses.get(id) ?? 0,
      rangeCount: 1n,
    })),
    total: IDS.length,
  }));
  server.on(setIssueStatus, ({ issueIds, status }) => {
    for (const id of issueIds) statuses.set(id, status);
    return { position: String((position += 1)) };
  });
});

const rows = () => screen.queryAllByRole("link", { name: /^Error/ }).map((each) => each.textContent);
const link = (id: string) => screen.getByRole("link", { name: `Error ${id}` });
const sent = () => server.asked(setIssueStatus).map(({ issueIds, status }) => [issueIds.join(), IssueStatus[status]]);

/** The list, with these rows selected. */
async function openWith(...ids: string[]) {
  const user = await open("/issues");
  await screen.findByRole("link", { name: "Error c" });
  for (const id of ids) await user.click(screen.getByRole("checkbox", { name: `Select Error ${id}` }));
  return user;
}

describe("a command of the list", () => {
  test("takes the rows away at once, and its notice brings them back", async () => {
    const command = held<{ position: string }>();
    server.on(setIssueStatus, () => command.answer);
    const user = await openWith("a", "c");
    await user.click(button("Resolve"));
    // Before the server has said anything.
    expect(rows()).toEqual(["Error b"]);
    expect(screen.queryByRole("button", { name: /Undo/ })).toBeNull();
    command.give({ position: "1" });
    await user.click(await screen.findByRole("button", { name: /Undo/ }));
    await waitFor(() => expect(rows()).toEqual(["Error a", "Error b", "Error c"]));
    expect(sent()).toEqual([
      ["a,c", "RESOLVED"],
      ["a,c", "UNRESOLVED"],
    ]);
    await waitFor(() => expect(notices()).toEqual(["2 issues as before"]));
    expect(screen.queryByRole("button", { name: /Undo/ })).toBeNull();
  });

  test.each([
    ["the server does not answer", new ConnectError("x", Code.Unavailable), true],
    ["your role does not include this", new ConnectError("x", Code.PermissionDenied), false],
  ])("that fails puts the rows back and says why: %s", async (reason, cause, again) => {
    const command = held<{ position: string }>();
    server.on(setIssueStatus, () => command.answer);
    const user = await openWith("b");
    await user.click(button("Ignore"));
    expect(rows()).toEqual(["Error a", "Error c"]);
    command.fail(cause);
    await waitFor(() => expect(rows()).toEqual(["Error a", "Error b", "Error c"]));
    expect(notices()).toEqual([`Issue not ignored: ${reason}.`]);
    expect(screen.queryByRole("button", { name: /Undo/ })).toBeNull();
    // What may heal can be tried again.
    const retry = screen.queryByRole("button", { name: "Retry" });
    expect(retry !== null).toBe(again);
    if (!retry) return;
    server.on(setIssueStatus, () => ({ position: "1" }));
    await user.click(retry);
    await waitFor(() => expect(notices()).toEqual(["Issue ignored"]));
    expect(rows()).toEqual(["Error a", "Error c"]);
  });

  test("whose way back fails stays done, and says so", async () => {
    const user = await openWith("a");
    await user.click(button("Resolve"));
    const undo = await screen.findByRole("button", { name: /Undo/ });
    server.on(setIssueStatus, () => Promise.reject(new ConnectError("x", Code.Unavailable)));
    await user.click(undo);
    await waitFor(() => expect(notices()).toEqual(["Issue still resolved: the server does not answer."]));
    expect(rows()).toEqual(["Error b", "Error c"]);
  });
});

describe("by key", () => {
  test("e resolves and moves on, z takes back one by one, the newest first", async () => {
    const user = await openWith();
    link("a").focus();
    await user.keyboard("e");
    // On to the next at once: the next press is for that one.
    expect(document.activeElement).toBe(link("b"));
    await user.keyboard("i");
    await waitFor(() => expect(notices()).toEqual(["Issue resolved", "Issue ignored"]));
    expect(rows()).toEqual(["Error c"]);
    await user.keyboard("z");
    await waitFor(() => expect(rows()).toEqual(["Error b", "Error c"]));
    await user.keyboard("{Control>}z{/Control}");
    await waitFor(() => expect(rows()).toEqual(["Error a", "Error b", "Error c"]));
    expect([...statuses.values()]).toEqual(IDS.map(() => IssueStatus.UNRESOLVED));
    // There is nothing more to take back.
    await user.keyboard("z");
    await waitFor(() => expect(sent()).toHaveLength(4));
  });

  test("two presses before the first is answered are both sent, in order, and both undone", async () => {
    const first = held<{ position: string }>();
    server.on(setIssueStatus, ({ status }) => {
      server.on(setIssueStatus, () => ({ position: "2" }));
      expect(status).toBe(IssueStatus.RESOLVED);
      return first.answer;
    });
    const user = await openWith();
    link("a").focus();
    await user.keyboard("ee");
    expect(rows()).toEqual(["Error c"]);
    expect(sent()).toEqual([["a", "RESOLVED"]]);
    first.give({ position: "1" });
    await waitFor(() => expect(notices()).toHaveLength(2));
    await user.keyboard("zz");
    await waitFor(() => expect(rows()).toEqual(["Error a", "Error b", "Error c"]));
    await waitFor(() =>
      expect(sent()).toEqual([
        ["a", "RESOLVED"],
        ["b", "RESOLVED"],
        ["b", "UNRESOLVED"],
        ["a", "UNRESOLVED"],
      ]),
    );
  });

  test("z in a field is a letter", async () => {
    const user = await openWith();
    link("a").focus();
    await user.keyboard("e");
    await waitFor(() => expect(notices()).toEqual(["Issue resolved"]));
    await user.keyboard("/z");
    expect(sent()).toHaveLength(1);
    expect(screen.getByRole<HTMLInputElement>("combobox", { name: "Search issues" }).value).toBe("z");
  });

  test("a change without a focused row does nothing", async () => {
    const user = await openWith();
    await user.keyboard("ei");
    expect(sent()).toEqual([]);
    expect(rows()).toHaveLength(3);
  });
});

test("an assignment is shown at once, and undone to nobody", async () => {
  server.on(assignIssues, () => ({ position: String((position += 1)) }));
  const user = await openWith("a");
  await user.click(within(screen.getByRole("toolbar")).getByRole("button", { name: "Assign" }));
  await user.click(await screen.findByRole("option", { name: "Ada (you)" }));
  await screen.findByRole("button", { name: "Assigned to Ada" });
  await waitFor(() => expect(notices()).toEqual(["Issue assigned to Ada"]));
  await user.keyboard("{Control>}z{/Control}");
  await waitFor(() => expect(screen.queryByRole("button", { name: "Assigned to Ada" })).toBeNull());
  expect(server.asked(assignIssues).map(({ issueIds, userId }) => [issueIds, userId])).toEqual([
    [["a"], 1],
    [["a"], 0],
  ]);
});
