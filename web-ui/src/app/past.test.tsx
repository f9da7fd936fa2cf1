// A past time: the server builds it, it is shown with a banner, and nothing can be done to it.
import { Code, ConnectError } from "@connectrpc/connect";
import { screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { IssueStatus } from "@/gen/errata/v1/command_pb";
import { IssueService } from "@/gen/errata/v1/issue_pb";
import { address, open } from "@/testing/app";
import { server } from "@/testing/server";

vi.mock("@/shared/api/transport", () => import("@/testing/server"));

const { listIssues, getIssue, listActivity } = IssueService.method;
const AT = "2026-11-03T14:00:00.000Z";
const ID = "a".repeat(16);
const issue = {
  id: ID,
  projectId: 1,
  title: "CartError: empty",
  culprit: "pay",
  status: IssueStatus.RESOLVED,
  count: 7n,
  rangeCount: 5n,
};

const nothingToDo = () => {
  for (const name of ["Resolve", "Ignore", "Reopen", "Assign"])
    expect(screen.queryByRole("button", { name })).toBeNull();
};

test("a list of then comes once it is built, and leads to the issue of then", async () => {
  let asked = 0;
  server.on(listIssues, () => {
    asked += 1;
    if (asked === 1) throw new ConnectError("being built", Code.Unavailable);
    return { issues: [issue], total: 1 };
  });
  await open(`/past?at=${AT}&status=all&q=cart`);
  await screen.findByText("What was then is being built");
  const link = await screen.findByRole("link", { name: "CartError: empty" });
  expect(server.asked(listIssues)[1]).toMatchObject({ at: AT, filter: { text: "cart", statuses: [] } });
  // The range ends then.
  expect(server.asked(listIssues)[1]?.filter?.from?.seconds).toBe(BigInt(Date.parse(AT) / 1000 - 86_400));
  expect(link.getAttribute("href")).toBe(`/past/${ID}?status=all&q=cart&at=${encodeURIComponent(AT)}`);
  expect(screen.getByText(/^As of 3 Nov 2026/)).toBeTruthy();
  expect(screen.getByRole("link", { name: "Back to now" }).getAttribute("href")).toBe("/issues?status=all&q=cart");
  nothingToDo();
});

test("an issue of then has its history of then, and no commands", async () => {
  server.on(getIssue, () => ({ issue, releases: [{ version: "1.0" }] }));
  server.on(listActivity, () => ({ activities: [{ kind: "resolved", actor: "ada@example.org", position: "3" }] }));
  const user = await open(`/past/${ID}?at=${AT}`);
  await screen.findByText("resolved it");
  expect(server.asked(getIssue)[0]).toMatchObject({ issueId: ID, at: AT });
  expect(server.asked(listActivity)[0]).toMatchObject({ issueId: ID, at: AT });
  nothingToDo();
  // The keys of the issue's page do nothing here.
  await user.keyboard("e");
  expect(screen.getByRole("link", { name: "Back to now" }).getAttribute("href")).toBe(`/issues/${ID}`);
  await user.click(screen.getByRole("button", { name: "An hour ago" }));
  expect(new URLSearchParams(address().split("?")[1]).get("at")).not.toBe(AT);
});

test("a time that the log no longer tells is said with the earliest", async () => {
  server.on(listIssues, () => {
    throw new ConnectError("the earliest time is 2026-11-20T00:00:00Z", Code.OutOfRange);
  });
  await open(`/past?at=${AT}`);
  await screen.findByText(/The earliest time is 2026-11-20T00:00:00Z/);
});
