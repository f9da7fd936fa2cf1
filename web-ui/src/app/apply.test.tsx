// Rules applied to events that are there, and taken back, in a project's settings; what an
// issue's activity says of it.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { screen, waitFor, within } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import { useRegroupings } from "@/features/projects/settings/grouping/api/applyRules";
import { EventService } from "@/gen/errata/v1/event_read_pb";
import { GroupingService, type PreviewRegroupResponseSchema, RegroupEnd } from "@/gen/errata/v1/grouping_pb";
import { IssueService } from "@/gen/errata/v1/issue_pb";
import { ProjectService } from "@/gen/errata/v1/project_pb";
import { type GroupingApplicationSchema, ProjectSettingsService } from "@/gen/errata/v1/settings_pb";
import { ADA, BOB, button, notices, open, SHOP } from "@/testing/app";
import { held, server } from "@/testing/server";

vi.mock("@/shared/api/transport", () => import("@/testing/server"));

const { getGroupingRules, applyGroupingRules, undoGroupingRules } = ProjectSettingsService.method;
const { getProject, getViewer } = ProjectService.method;
const { listIssues, getIssue, listActivity } = IssueService.method;

type Application = Exclude<MessageInitShape<typeof GroupingApplicationSchema>, { $typeName: string }>;

const HELD = "logger:a -> a";
const NEW = "logger:b -> b";
const result = { events: 90n, total: 90n, end: RegroupEnd.ALL, moved: 40n, issuesBefore: 9, issuesAfter: 7 };

let rules: { text: string; version: number; applications: Application[] };
/** How far issues are. */
let position: string;

const applied = (id: number, more: Application = {}): Application => ({
  id: BigInt(id),
  actor: `user:${ADA.id}`,
  appliedAt: { seconds: 1_795_000_000n },
  algorithm: 6,
  bytes: 13,
  ...more,
});

beforeEach(() => {
  rules = { text: HELD, version: 3, applications: [] };
  position = "0";
  useRegroupings.setState({ byProject: {} });
  server.on(getProject, () => ({ project: SHOP }));
  server.on(getGroupingRules, () => ({ projectId: 1, algorithm: 6, algorithms: [6], ...rules }));
  server.on(listIssues, () => ({ position }));
  server.flow(GroupingService.method.previewRegroup, async function* (): AsyncGenerator<
    MessageInitShape<typeof PreviewRegroupResponseSchema>
  > {
    await Promise.resolve();
    yield { step: { case: "result", value: result } };
  });
  server.on(applyGroupingRules, ({ text = "" }) => {
    rules = { text, version: 4, applications: [applied(17, { isUndoable: true })] };
    return { position: "90" };
  });
  server.on(undoGroupingRules, () => {
    rules = { ...rules, text: HELD, version: 5 };
    rules.applications = [applied(17, { undoneAt: { seconds: 1_795_000_100n }, undoneBy: `user:${BOB.id}` })];
    return { position: "95" };
  });
});

async function previewed() {
  const user = await open("/projects/1/settings");
  const editor = await screen.findByLabelText("Rules of grouping");
  await user.clear(editor);
  await user.type(editor, NEW);
  await user.click(await screen.findByRole("button", { name: "Preview over history" }));
  await screen.findByRole("button", { name: "Apply to all events" });
  return { user, editor };
}

const dialog = () => screen.findByRole("dialog");
const list = () => screen.findByRole("region", { name: "Applied to events" });
const rows = async () => within(await list()).getAllByRole("listitem");

test("what was previewed is applied, told as done once issues have it, and undone", async () => {
  const { user, editor } = await previewed();
  expect(server.asked(applyGroupingRules)).toEqual([]);
  await user.click(button("Apply to all events"));
  await waitFor(() => expect(server.asked(applyGroupingRules)).toHaveLength(1));
  expect(server.asked(applyGroupingRules)).toMatchObject([
    { projectId: 1, text: NEW, algorithm: 0, expectedVersion: 3 },
  ]);
  await within(await list()).findByText("Events are grouped anew.");
  expect(screen.queryByRole("region", { name: "Preview" })).toBeNull();
  // One at a time.
  await user.click(button("Preview over history"));
  expect(await screen.findByRole("button", { name: "Apply to all events" })).toHaveProperty("disabled", true);
  expect(notices()).toEqual([]);
  expect(server.asked(listIssues).at(-1)).toMatchObject({ filter: { projectIds: [1] }, afterPosition: "90" });
  position = "90";
  await waitFor(() => expect(notices()).toEqual(["Rules applied to all events"]));
  await waitFor(() => expect(screen.queryByText("Events are grouped anew.")).toBeNull());
  // What was applied is saved.
  expect((editor as HTMLTextAreaElement).value).toBe(NEW);
  await waitFor(() => expect(button("Save rules")).toHaveProperty("disabled", true));
  await within(await list()).findByText("Ada");
  const [row] = await rows();
  expect(row?.textContent).toMatch(/^Rules, algorithm 6Ada.*Undo$/);
  position = "95";
  await user.click(within(screen.getByRole("region", { name: "Notices" })).getByRole("button", { name: /^Undo/ }));
  await waitFor(() => expect(server.asked(undoGroupingRules)).toMatchObject([{ projectId: 1, application: 17n }]));
  await waitFor(() => expect(notices()).toEqual(["Issues and rules are as they were before"]));
  await waitFor(async () => expect((await rows())[0]?.textContent).toMatch(new RegExp(`undone .*, ${BOB.email}$`)));
});

test("what was typed since the preview is not applied", async () => {
  const { user, editor } = await previewed();
  await user.type(editor, "c");
  await waitFor(() => expect(button("Apply to all events")).toHaveProperty("disabled", true));
  await screen.findByText("Preview what the editor has now, to apply it.");
});

test("that somebody set other rules meanwhile is told plainly, and nothing is overwritten", async () => {
  server.on(applyGroupingRules, () => {
    rules = { ...rules, text: "logger:theirs -> theirs", version: 4 };
    throw new ConnectError("expected_version: version 4 holds by now", Code.AlreadyExists);
  });
  const { user, editor } = await previewed();
  await user.click(button("Apply to all events"));
  await screen.findByText(
    "Somebody set other rules meanwhile: version 4 holds by now. Nothing was applied; look at those first.",
  );
  await screen.findByText(/Other rules were saved meanwhile, as version 4/);
  expect((editor as HTMLTextAreaElement).value).toBe(NEW);
  expect(notices()).toEqual([]);
});

test("the list says what can be undone, and why the rest cannot", async () => {
  rules.applications = [applied(20, { isUndoable: true, bytes: 0 }), applied(17, { actor: "admin" })];
  const user = await open("/projects/1/settings");
  await within(await list()).findByText("Ada");
  const [newest, older] = await rows();
  expect(newest?.textContent).toMatch(/^No rules, algorithm 6Ada/);
  expect(older?.textContent).toMatch(/on the host.*only the newest can be undone$/);
  await user.click(within(newest as HTMLElement).getByRole("button", { name: "Undo" }));
  within(await dialog()).getByText(/merges by hand since are undone/);
  expect(server.asked(undoGroupingRules)).toEqual([]);
  position = "95";
  await user.click(within(await dialog()).getByRole("button", { name: "Undo" }));
  await waitFor(() => expect(server.asked(undoGroupingRules)).toMatchObject([{ application: 20n }]));
  await waitFor(() => expect(notices()).toEqual(["Issues and rules are as they were before"]));
});

test("what was set since stands in the way of undoing, and is said", async () => {
  rules.applications = [applied(20)];
  await open("/projects/1/settings");
  const [newest] = await rows();
  expect(newest?.textContent).toMatch(/cannot be undone: other rules were set since/);
});

test("an undo that is refused says why, where it was asked for", async () => {
  rules.applications = [applied(20, { isUndoable: true })];
  server.on(undoGroupingRules, () => {
    throw new ConnectError("application: rules or an algorithm were set since", Code.AlreadyExists);
  });
  const user = await open("/projects/1/settings");
  await user.click(within((await rows())[0] as HTMLElement).getByRole("button", { name: "Undo" }));
  await user.click(within(await dialog()).getByRole("button", { name: "Undo" }));
  await within(await dialog()).findByText("Rules or an algorithm were set since.");
});

test("a member reads of it and is offered nothing", async () => {
  rules.applications = [applied(20, { isUndoable: true })];
  server.on(getViewer, () => ({ viewer: BOB }));
  const user = await open("/projects/1/settings");
  expect((await rows())[0]?.textContent).toMatch(/an owner can undo it$/);
  await user.click(await screen.findByRole("button", { name: "Preview over history" }));
  await screen.findByRole("region", { name: "Preview" });
  expect(screen.queryByRole("button", { name: "Apply to all events" })).toBeNull();
});

test("a server that fails meanwhile is asked again, and what was decided stays decided", async () => {
  const broken = held<{ position: string }>();
  const { user } = await previewed();
  server.on(listIssues, () => broken.answer);
  await user.click(button("Apply to all events"));
  await within(await list()).findByText("Events are grouped anew.");
  server.on(listIssues, () => ({ position: "90" }));
  broken.fail(new ConnectError("gone", Code.Unavailable));
  await waitFor(() => expect(notices()).toEqual(["Rules applied to all events"]));
});

test("an issue's activity says what rules did to it", async () => {
  const id = "a".repeat(16);
  server.on(getIssue, () => ({ issue: { id, projectId: 1, title: "TimeoutError", count: 2n } }));
  server.on(EventService.method.getEvent, () => ({ summary: { id: "a".repeat(32), issueId: id }, detail: {} }));
  const line = (kind: string, detail = "") => ({ position: "9", kind, actor: ADA.email, detail });
  server.on(listActivity, () => ({
    activities: [
      line("regroup_undone"),
      line("regrouped_into", `${"b".repeat(16)},${"c".repeat(16)},+3`),
      line("regrouped_from", "b".repeat(16)),
    ],
  }));
  await open(`/issues/${id}`);
  const activity = within(await screen.findByRole("region", { name: "Activity" }));
  await activity.findAllByRole("listitem");
  const told = activity.getAllByRole("listitem").map((each) => each.querySelector("b")?.parentElement?.textContent);
  expect(told).toEqual([
    `${ADA.email} undid rules that had been applied`,
    `${ADA.email} applied rules: events of it are in 5 issues`,
    `${ADA.email} applied rules: events of another issue are in it`,
  ]);
  expect(activity.getByRole("link").getAttribute("href")).toBe(`/issues/${"b".repeat(16)}`);
});
