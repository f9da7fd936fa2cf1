// Issues are made one in the list, parts are taken out on the issue's page, and old links
// lead on.
import { Code, ConnectError } from "@connectrpc/connect";
import { screen, waitFor, within } from "@testing-library/react";
import { QueryClient } from "@tanstack/react-query";
import { create } from "@bufbuild/protobuf";
import { describe, expect, test, vi } from "vitest";
import { CommandService } from "@/gen/errata/v1/command_pb";
import { EventService } from "@/gen/errata/v1/event_read_pb";
import { IssueSchema, IssueService } from "@/gen/errata/v1/issue_pb";
import { router } from "@/app/router";
import { mergeIssues } from "@/features/issues/api/merge";
import { useNotices } from "@/shared/state/notices";
import { address, button, notices, open } from "@/testing/app";
import { held, server } from "@/testing/server";

vi.mock("@/shared/api/transport", () => import("@/testing/server"));

const { mergeIssues: merge, unmergeFingerprints: unmerge } = CommandService.method;
const { getIssue } = IssueService.method;
const id = (digit: string) => digit.repeat(16);
const print = (digit: string) => digit.repeat(32);
const part = (digit: string, title: string) => ({
  fingerprint: print(digit),
  issueId: id(digit),
  title,
  count: 3n,
  sampleEventId: print("e"),
});
const all = [1, 2, 1].map((fingerprints, index) => {
  const [digit = ""] = "abc".slice(index);
  return create(IssueSchema, { id: id(digit), projectId: 1, fingerprints });
});

describe("in the list", () => {
  test("issues become one, and undone each is what it was", async () => {
    const earlier = ["b", "d"].map((digit) => part(digit, "before"));
    const later = [part("a", "survivor"), ...earlier, part("c", "one")];
    server.on(getIssue, ({ issueId }) => ({ fingerprints: issueId === id("b") ? earlier : later }));
    server.on(merge, () => ({ position: "7", issueId: id("a") }));
    server.on(unmerge, () => ({ position: "8" }));
    const refresh = vi.fn(() => Promise.resolve());
    await mergeIssues(new QueryClient(), all, refresh);
    expect(server.asked(merge)).toMatchObject([{ issueIds: [id("a"), id("b"), id("c")] }]);
    expect(notices()).toEqual(["3 issues merged into one"]);
    expect(refresh).toHaveBeenCalledTimes(1);
    // A thousand issues are not a thousand reads: only what was merged before is read.
    expect(server.asked(getIssue)).toMatchObject([{ issueId: id("b") }]);
    useNotices.getState().undo();
    await waitFor(() => expect(notices()).toContain("3 issues as before"));
    // The survivor stays where it is; what was merged before stays together.
    expect(server.asked(unmerge)).toMatchObject([
      { issueId: id("a"), fingerprints: [print("b"), print("d")], together: true },
      { issueId: id("a"), fingerprints: [print("c")], together: false },
    ]);
    expect(refresh).toHaveBeenCalledTimes(2);
  });

  test("what is refused is said, and can be tried again", async () => {
    server.on(merge, () => Promise.reject(new ConnectError("the log is full", Code.Unavailable)));
    await mergeIssues(new QueryClient(), all, () => Promise.resolve());
    expect(notices()).toEqual([expect.stringMatching(/^3 issues not merged: /)]);
    server.on(merge, () => ({ position: "7", issueId: id("a") }));
    useNotices.getState().shown[0]?.retry?.();
    await waitFor(() => expect(notices()).toContain("3 issues merged into one"));
  });
});

const parts = [part("a", "KeyError: 'price'"), part("b", "KeyError: 'qty'")];
const issue = { id: id("a"), projectId: 1, title: "KeyError", count: 6n, fingerprints: 2 };

function known() {
  server.on(EventService.method.getEvent, () => ({ summary: { id: print("e"), issueId: id("a") }, detail: {} }));
}

test("on its page a merged issue names its parts, and each can be taken out and put back", async () => {
  known();
  server.on(getIssue, () => ({ issue, fingerprints: parts }));
  server.on(unmerge, () => ({ position: "8" }));
  server.on(merge, () => ({ position: "9", issueId: id("a") }));
  const user = await open(`/issues/${id("a")}`);
  const list = await screen.findByRole("list", { name: "What the issue is made of" });
  expect(
    within(list)
      .getAllByRole("link")
      .map((link) => link.textContent),
  ).toEqual(parts.map((each) => each.title));
  await user.click(button("Take out KeyError: 'qty'"));
  await waitFor(() => expect(notices()).toEqual(["Taken out: it is an issue of its own"]));
  expect(server.asked(unmerge)).toMatchObject([{ issueId: id("a"), fingerprints: [print("b")] }]);
  await user.click(button(/^Undo/));
  await waitFor(() => expect(server.asked(merge)).toMatchObject([{ issueIds: [id("a"), id("b")] }]));
});

test("the way from a merged issue is gone once, however long the other one takes", async () => {
  known();
  const other = held<object>();
  server.on(getIssue, ({ issueId }) =>
    issueId === id("b") ? { issue, fingerprints: parts, mergedId: id("b") } : other.answer,
  );
  let tries = 0;
  const stop = router.subscribe(({ navigation }) => {
    if (navigation.location?.pathname === `/issues/${id("a")}`) tries += 1;
  });
  await open(`/issues/${id("b")}`);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  other.give({ issue, fingerprints: parts });
  await screen.findByText(/merged into this one/);
  stop();
  expect(tries).toBeLessThan(5);
});

test("of a thousand parts a few are shown, and more when asked for", async () => {
  known();
  const many = Array.from({ length: 1000 }, (_, index) => ({
    ...part("a", `Error ${index}`),
    fingerprint: String(index).padStart(32, "0"),
  }));
  server.on(getIssue, () => ({ issue, fingerprints: many }));
  const user = await open(`/issues/${id("a")}`);
  const list = await screen.findByRole("list", { name: "What the issue is made of" });
  expect(within(list).getAllByRole("listitem")).toHaveLength(8);
  await user.click(button("Show 100 more of 992"));
  expect(within(list).getAllByRole("listitem")).toHaveLength(108);
});

test("the link to an issue that was merged leads to what it is part of, and says so", async () => {
  known();
  server.on(getIssue, ({ issueId }) => ({
    issue,
    fingerprints: parts,
    mergedId: issueId === id("b") ? id("b") : "",
  }));
  await open(`/issues/${id("b")}/events/${print("e")}?range=7d`);
  const found = (_: string, element: Element | null) =>
    element?.getAttribute("role") === "status" && /^Issue bbbbbbbb, .* merged into this one/.test(element.textContent);
  await screen.findByText(found);
  expect(address()).toBe(`/issues/${id("a")}/events/${print("e")}?range=7d`);
});
