// Spike protection on the pages of a project and of an issue.
import { screen, waitFor, within } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { IssueService } from "@/gen/errata/v1/issue_pb";
import { ProjectService } from "@/gen/errata/v1/project_pb";
import { ProjectSettingsService } from "@/gen/errata/v1/settings_pb";
import { BOB, button, notices, open, SHOP } from "@/testing/app";
import { server } from "@/testing/server";

vi.mock("@/shared/api/transport", () => import("@/testing/server"));

const { listSpikes, getProject, getViewer } = ProjectService.method;
const { setSpikeProtection } = ProjectSettingsService.method;

test("a project tells its spikes, and an owner switches protection off and on again", async () => {
  let isOn = true;
  const at = (seconds: bigint) => ({ seconds });
  const spikes = [
    { beganAt: at(1_795_341_600n), lastAt: at(1_795_342_140n), sampled: 10_980n, isActive: true },
    { beganAt: at(1_795_000_000n), lastAt: at(1_795_000_000n), sampled: 1n },
  ];
  server.on(getProject, () => ({ project: SHOP }));
  server.on(listSpikes, () => ({ isOn, spikes }));
  server.on(setSpikeProtection, (request) => {
    isOn = request.isOn;
    return { position: "1" };
  });
  const user = await open("/projects/1");
  const section = await screen.findByRole("region", { name: "Spikes" });
  const rows = (await within(section).findAllByRole("row")).slice(1).map((row) => row.textContent);
  expect(rows[0]).toMatch(/going on.*11k$/);
  expect(rows[1]).toMatch(/ago1$/);
  await user.click(button("Switch spike protection off"));
  await within(section).findByText(/^Spike protection is off/);
  expect(notices()).toEqual(["Spike protection is off"]);
  await user.click(button(/^Undo/));
  await within(section).findByText(/^Spike protection is on/);
  expect(server.asked(setSpikeProtection).map((request) => request.isOn)).toEqual([false, true]);
});

test("a member sees it, and has no switch", async () => {
  server.on(getProject, () => ({ project: SHOP }));
  server.on(getViewer, () => ({ viewer: BOB }));
  server.on(listSpikes, () => ({ isOn: true }));
  await open("/projects/1");
  await screen.findByText(/nothing to do in the last 30 days/);
  expect(screen.queryByRole("button", { name: /spike protection/ })).toBeNull();
});

test.each([
  [239n, "1 of 240 kept"],
  [0n, null],
])("of an issue with %s events that were only counted it says so", async (sampled, said) => {
  const issue = { id: "00000000000000aa", projectId: 1, title: "KeyError", count: 240n, sampled };
  server.on(IssueService.method.getIssue, () => ({ issue }));
  await open(`/issues/${issue.id}`);
  await screen.findByRole("heading", { level: 1, name: "KeyError" });
  await waitFor(() => expect(screen.queryByText(/of 240 kept/)?.textContent ?? null).toBe(said));
});
