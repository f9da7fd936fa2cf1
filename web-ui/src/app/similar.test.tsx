// Issues that are much like one, on its page: told with what differs, compared, merged, and
// with a rule that goes into the editor of the project's settings.
import { screen, waitFor, within } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { CommandService } from "@/gen/errata/v1/command_pb";
import { EventService } from "@/gen/errata/v1/event_read_pb";
import { IssueService } from "@/gen/errata/v1/issue_pb";
import { ProjectService } from "@/gen/errata/v1/project_pb";
import { ProjectSettingsService } from "@/gen/errata/v1/settings_pb";
import { address, BOB, button, notices, open, SHOP } from "@/testing/app";
import { server } from "@/testing/server";

vi.mock("@/shared/api/transport", () => import("@/testing/server"));

const id = (digit: string) => digit.repeat(16);
const event = (digit: string) => digit.repeat(32);
const { getIssue, listSimilarIssues } = IssueService.method;
const { mergeIssues, unmergeFingerprints } = CommandService.method;
const { getGroupingRules, setGroupingRules } = ProjectSettingsService.method;

const RULE = "stack.function:retry stack.module:app.tools -group";
const other = { id: id("b"), projectId: 1, title: "TimeoutError: no answer", count: 12n, users: 3n };
const similar = {
  issue: other,
  score: 0.847,
  shared: "same error and 5 of 6 frames",
  differs: "frame `retry` there",
  eventId: event("a"),
  similarEventId: event("b"),
  suggestedRule: RULE,
};

function known(issues: object[]) {
  server.on(getIssue, ({ issueId }) => ({
    issue: { id: issueId, projectId: 1, title: "TimeoutError", count: 2n },
    fingerprints: ["a", "b"].map((digit) => ({ fingerprint: event(digit), issueId: id(digit) })),
  }));
  server.on(EventService.method.getEvent, () => ({ summary: { id: event("a"), issueId: id("a") }, detail: {} }));
  server.on(listSimilarIssues, () => ({ issues, events: 200 }));
}

const rows = () => screen.findByRole("list", { name: "Issues much like this one" });

test("they are told with what differs, and lead to the comparison", async () => {
  known([similar]);
  const user = await open(`/issues/${id("a")}?range=7d`);
  const list = await rows();
  expect(server.asked(listSimilarIssues)).toMatchObject([{ issueId: id("a") }]);
  for (const words of ["much alike, 85 %", "A rule that joins such events:", RULE]) {
    within(list).getByText(words);
  }
  const said = within(list).getByText("retry").closest("p");
  expect(said?.textContent).toBe("Same error and 5 of 6 frames; differs in frame retry there.");
  expect(within(list).getByRole("link", { name: other.title }).getAttribute("href")).toBe(
    `/issues/${id("b")}?range=7d`,
  );
  await user.click(screen.getByRole("link", { name: `Compare with ${other.title}` }));
  await waitFor(() => expect(address()).toBe(`/issues/${id("a")}/events/${event("a")}?range=7d&compare=${event("b")}`));
  await screen.findByRole("region", { name: "Compared with another event" });
});

test("where nothing is alike nothing is shown", async () => {
  known([]);
  await open(`/issues/${id("a")}`);
  await waitFor(() => expect(server.asked(listSimilarIssues)).toHaveLength(1));
  await screen.findByRole("region", { name: "Activity" });
  expect(screen.queryByRole("region", { name: "Similar issues" })).toBeNull();
});

test("one press merges, with the way back, and what is alike is asked anew", async () => {
  known([similar]);
  server.on(mergeIssues, () => ({ position: "7", issueId: id("a") }));
  server.on(unmergeFingerprints, () => ({ position: "8" }));
  const user = await open(`/issues/${id("a")}`);
  await rows();
  known([]);
  await user.click(button(`Merge with ${other.title}`));
  await waitFor(() => expect(notices()).toEqual(["2 issues merged into one"]));
  expect(server.asked(mergeIssues)).toMatchObject([{ issueIds: [id("a"), id("b")] }]);
  await waitFor(() => expect(screen.queryByRole("region", { name: "Similar issues" })).toBeNull());
  await user.click(button(/^Undo/));
  await waitFor(() =>
    expect(server.asked(unmergeFingerprints)).toMatchObject([
      { issueId: id("a"), fingerprints: [event("b")], together: false },
    ]),
  );
});

test("what an event that is no longer kept would have told is not told", async () => {
  known([{ ...similar, shared: "", differs: "", suggestedRule: "" }]);
  await open(`/issues/${id("a")}`);
  const list = await rows();
  within(list).getByText("much alike, 85 %");
  expect(within(list).queryByRole("link", { name: /^Compare/ })).toBeNull();
  expect(within(list).queryByText(/^A rule/)).toBeNull();
  within(list).getByRole("button", { name: `Merge with ${other.title}` });
});

test("an owner takes the rule into the editor, where it is one line more, and saves it", async () => {
  known([similar]);
  let held = { text: "error.type:A -> a", version: 3 };
  server.on(ProjectService.method.getProject, () => ({ project: SHOP }));
  server.on(getGroupingRules, () => held);
  server.on(setGroupingRules, ({ text }) => {
    held = { text, version: 4 };
    return { position: "9" };
  });
  const user = await open(`/issues/${id("a")}`);
  await rows();
  await user.click(screen.getByRole("link", { name: "Open in the rules’ editor" }));
  await waitFor(() => expect(address()).toBe("/projects/1/settings"));
  const field = await screen.findByRole<HTMLTextAreaElement>("textbox", { name: "Rules of grouping" });
  const text = `error.type:A -> a\n${RULE}\n`;
  expect(field.value).toBe(text);
  screen.getByText(/It is not saved yet\.$/);
  await user.click(button("Save rules"));
  await waitFor(() => expect(server.asked(setGroupingRules)).toMatchObject([{ text, expectedVersion: 3 }]));
  await waitFor(() => expect(screen.queryByText(/It is not saved yet\.$/)).toBeNull());
});

test("who is no owner has the rule to copy", async () => {
  known([similar]);
  server.on(ProjectService.method.getViewer, () => ({ viewer: BOB, publicUrl: window.location.origin }));
  await open(`/issues/${id("a")}`);
  const list = await rows();
  within(list).getByRole("button", { name: "Copy rule" });
  expect(within(list).queryByRole("link", { name: /editor/ })).toBeNull();
});
