// What other rules would make of stored events, asked in a project's settings.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { screen, waitFor, within } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { GroupingService, type PreviewRegroupResponseSchema, RegroupEnd } from "@/gen/errata/v1/grouping_pb";
import { ProjectService } from "@/gen/errata/v1/project_pb";
import { ProjectSettingsService } from "@/gen/errata/v1/settings_pb";
import { BOB, button, open, SHOP } from "@/testing/app";
import { held, server } from "@/testing/server";

vi.mock("@/shared/api/transport", () => import("@/testing/server"));

const { previewRegroup } = GroupingService.method;
const { getGroupingRules } = ProjectSettingsService.method;
const { getProject, getViewer } = ProjectService.method;

type Said = MessageInitShape<typeof PreviewRegroupResponseSchema>;

const PAY = "00000000000000aa";
const REFUND = "00000000000000bb";
const APART = "00000000000000cc";
const sample = (id: string, issueId: string, message: string) => ({
  id: id.repeat(32),
  issueId,
  type: "IoError",
  message,
  release: "a@2",
});
const result = {
  events: 1_000n,
  total: 48_210n,
  end: RegroupEnd.EVENTS,
  reached: { seconds: 1_795_000_000n },
  moved: 401n,
  issuesBefore: 310,
  issuesAfter: 304,
  merges: [
    {
      issue: { id: PAY, title: "IoError: reset", events: 1_204n },
      partsTotal: 9,
      parts: [
        { id: PAY, title: "IoError: reset", events: 803n, samples: [sample("a", PAY, "reset by peer")] },
        { id: REFUND, title: "IoError: refused", events: 401n, samples: [sample("b", REFUND, "refused")] },
      ],
    },
  ],
  mergesTotal: 41,
  splits: [
    {
      issue: { id: REFUND, title: "IoError: refused", events: 5n },
      partsTotal: 2,
      parts: [
        { id: APART, title: "Of acme", events: 3n, isNew: true, samples: [sample("c", REFUND, "acme")] },
        { id: REFUND, title: "IoError: refused", events: 2n },
      ],
    },
  ],
  splitsTotal: 1,
};

function known(algorithms = [6], algorithm = 6) {
  server.on(getProject, () => ({ project: SHOP }));
  server.on(getGroupingRules, () => ({ projectId: 1, text: "error.type:A -> a", version: 1, algorithm, algorithms }));
}

const part = () => screen.getByRole("region", { name: "Grouping" });
const outcome = () => screen.findByRole("region", { name: "Preview" });

test("the rules in the editor are asked of all events, and what would become of issues is told side by side", async () => {
  known();
  const end = held<null>();
  server.flow(previewRegroup, async function* (): AsyncGenerator<Said> {
    yield { step: { case: "progress", value: { events: 12n, total: 48_210n } } };
    await end.answer;
    yield { step: { case: "result", value: result } };
  });
  const user = await open("/projects/1/settings");
  const editor = await screen.findByLabelText("Rules of grouping");
  await user.clear(editor);
  await user.type(editor, "error.type:B -> b");
  await user.click(await screen.findByRole("button", { name: "Preview over history" }));
  await within(part()).findByText("12 of 48,210 events");
  expect(screen.getByRole("progressbar", { name: "Events looked at" }).getAttribute("max")).toBe("48210");
  expect(server.asked(previewRegroup)).toMatchObject([{ projectId: 1, text: "error.type:B -> b", algorithm: 0 }]);
  end.give(null);
  const told = within(await outcome());
  expect(told.getByText(/^Grouped by these rules/).textContent).toBe(
    "Grouped by these rules, 401 of 1,000 events would be in another issue; 310 issues would be 304.",
  );
  told.getByText(/^Looked at the newest 1,000 of 48,210 events; the oldest came/);
  const merges = within(told.getByRole("region", { name: "Merge" }));
  const shown = merges.getAllByRole("link").map((link) => [link.textContent, link.getAttribute("href")]);
  expect(shown).toEqual([
    ["IoError: reset", `/issues/${PAY}`],
    ["IoError: reset by peer", `/issues/${PAY}/events/${"a".repeat(32)}`],
    ["IoError: refused", `/issues/${REFUND}`],
    ["IoError: refused", `/issues/${REFUND}/events/${"b".repeat(32)}`],
  ]);
  merges.getByText("lives on, 803 events");
  merges.getByText("merges into it, 401 events");
  merges.getByText("and 7 more, smaller ones");
  merges.getByText("and 40 more, smaller ones");
  const splits = within(told.getByRole("region", { name: "Split" }));
  // What is not there yet has no page.
  expect(splits.getByText("Of acme").getAttribute("href")).toBeNull();
  splits.getByText("new, 3 events");
  splits.getByText("lives on, 2 events");
  expect(told.queryByRole("region", { name: "New" })).toBeNull();
  expect(told.queryByText(/other rules by now/)).toBeNull();
  await user.type(editor, "b");
  await told.findByText(/other rules by now/);
});

test("a preview can be cancelled, and the server hears of it", async () => {
  known();
  const left = held<null>();
  server.flow(previewRegroup, async function* (_, signal): AsyncGenerator<Said> {
    yield { step: { case: "progress", value: { events: 0n, total: 9n } } };
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    left.give(null);
  });
  const user = await open("/projects/1/settings");
  await user.click(await screen.findByRole("button", { name: "Preview over history" }));
  await within(part()).findByText("0 of 9 events");
  await user.click(button("Cancel"));
  await left.answer;
  await screen.findByRole("button", { name: "Preview over history" });
  expect(screen.queryByRole("region", { name: "Preview" })).toBeNull();
});

test("what is refused is said, and can be asked again", async () => {
  known();
  let times = 0;
  server.flow(previewRegroup, async function* (): AsyncGenerator<Said> {
    times += 1;
    await Promise.resolve();
    if (times === 1) throw new ConnectError("a preview of project 1 is under way", Code.ResourceExhausted);
    yield { step: { case: "result", value: { events: 7n, total: 7n, end: RegroupEnd.ALL } } };
  });
  const user = await open("/projects/1/settings");
  await user.click(await screen.findByRole("button", { name: "Preview over history" }));
  await within(part()).findByText(/under way/);
  await user.click(button("Preview over history"));
  expect((await outcome()).textContent).toBe("Grouped by these rules, all of 7 events stay in their issues.");
});

test.each([
  ["owner", null, /stays there until you set another/],
  ["member", BOB, /stays there until an owner sets another/],
])("where the release has a newer algorithm, an %s is offered the preview with it", async (_, viewer, said) => {
  known([6, 7], 6);
  if (viewer) server.on(getViewer, () => ({ viewer }));
  server.flow(previewRegroup, async function* (): AsyncGenerator<Said> {
    await Promise.resolve();
    yield { step: { case: "result", value: { events: 7n, total: 7n, end: RegroupEnd.ALL } } };
  });
  const user = await open("/projects/1/settings");
  await screen.findByText(said);
  await user.click(button("Preview version 7"));
  expect((await outcome()).textContent).toMatch(/^Grouped by version 7 of the algorithm, all of 7 events stay/);
  expect(server.asked(previewRegroup)).toMatchObject([{ text: "error.type:A -> a", algorithm: 7 }]);
});

test("a project on the newest algorithm is told nothing of it", async () => {
  known();
  await open("/projects/1/settings");
  await screen.findByRole("button", { name: "Preview over history" });
  await waitFor(() => expect(screen.queryByText(/of the algorithm/)).toBeNull());
});
