import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { QueryClient } from "@tanstack/react-query";
import { beforeEach, describe, expect, test } from "vitest";
import { IssueStatus } from "@/gen/errata/v1/command_pb";
import { type Issue, IssueSchema } from "@/gen/errata/v1/issue_pb";
import { useNotices } from "@/shared/state/notices";
import type { IssuePages } from "./listIssues";
import { inCommands, type Operation, perform } from "./operations";
import { assignOperation, statusOperation } from "./triage";

const member = (id: number) => ({
  $typeName: "errata.v1.Issue.Member" as const,
  id,
  email: `${id}@example.org`,
  name: "",
});
const issue = (id: string, status = IssueStatus.UNRESOLVED) => create(IssueSchema, { id, status });
const KEY = ["issues", "list", {}];

let client: QueryClient;
const shown = () =>
  client.getQueryData<IssuePages>(KEY)?.pages.flatMap((page) => page.issues.map((each) => IssueStatus[each.status])) ??
  [];
const notices = () => useNotices.getState().shown.map((notice) => notice.text);

function start(...issues: Issue[]): Issue[] {
  client = new QueryClient();
  client.setQueryData<IssuePages>(KEY, {
    pages: [{ issues, nextCursor: "", total: issues.length, fromMs: 1, askedAtMs: 1, countedFromMs: 1 }],
    pageParams: [""],
  });
  return issues;
}

/** The operation with what the server answers to each command in turn. */
function answered(
  operation: Operation,
  ...answers: (Error | undefined)[]
): { operation: Operation; sent: () => number } {
  let sent = 0;
  const send = () => {
    const answer = answers[sent++];
    return answer ? Promise.reject(answer) : Promise.resolve({ position: String(sent) });
  };
  const swap = (each: Operation): Operation => ({
    ...each,
    steps: each.steps.map((step) => ({ ...step, send })),
    ...(each.undo ? { undo: (done: readonly Issue[]) => swap(each.undo?.(done) ?? each) } : {}),
  });
  return { operation: swap(operation), sent: () => sent };
}

const unreachable = new TypeError("Failed to fetch");

beforeEach(() => useNotices.getState().clear());

describe("a change of issues", () => {
  test("is shown at once and kept when the server accepts it", async () => {
    const issues = start(issue("a"), issue("b"));
    const running = perform(client, answered(statusOperation(issues, "resolved")).operation);
    expect(shown()).toEqual(["RESOLVED", "RESOLVED"]);
    await running;
    expect(shown()).toEqual(["RESOLVED", "RESOLVED"]);
    expect(notices()).toEqual(["2 issues resolved"]);
  });

  test("is taken back when it fails, says why, and can be tried again", async () => {
    const issues = start(issue("a", IssueStatus.IGNORED), issue("b"));
    const { operation, sent } = answered(statusOperation(issues, "resolved"), unreachable);
    await perform(client, operation);
    expect(shown()).toEqual(["IGNORED", "UNRESOLVED"]);
    expect(notices()).toEqual(["2 issues not resolved: the server does not answer."]);
    useNotices.getState().shown[0]?.retry?.();
    await expect.poll(shown).toEqual(["RESOLVED", "RESOLVED"]);
    expect(sent()).toBe(2);
    await expect.poll(notices).toContain("2 issues resolved");
  });

  test("that the server refuses is not offered again", async () => {
    const issues = start(issue("a"));
    await perform(
      client,
      answered(statusOperation(issues, "ignored"), new ConnectError("no", Code.PermissionDenied)).operation,
    );
    expect(shown()).toEqual(["UNRESOLVED"]);
    expect(useNotices.getState().shown.map((each) => [each.text, each.retry])).toEqual([
      ["Issue not ignored: your role does not include this.", undefined],
    ]);
  });

  test("that failed in part is taken back in part", async () => {
    const issues = start(...Array.from({ length: 1500 }, (_, index) => issue(String(index))));
    const { operation } = answered(statusOperation(issues, "resolved"), undefined, unreachable);
    expect(operation.steps).toHaveLength(2);
    await perform(client, operation);
    expect(shown().filter((status) => status === "UNRESOLVED")).toHaveLength(500);
    expect(notices()).toEqual(["1,000 issues resolved", "500 issues not resolved: the server does not answer."]);
    useNotices.getState().undo();
    await expect.poll(() => new Set(shown())).toEqual(new Set(["UNRESOLVED"]));
  });

  test("several failures are one notice, whose retry does them all", async () => {
    const [a, b] = start(issue("a"), issue("b")) as [Issue, Issue];
    const first = answered(statusOperation([a], "resolved"), unreachable);
    const second = answered(assignOperation([b], member(4)), unreachable);
    await Promise.all([perform(client, first.operation), perform(client, second.operation)]);
    expect(notices()).toEqual(["2 changes not made: the server does not answer."]);
    const [notice] = useNotices.getState().shown;
    useNotices.getState().dismiss(notice?.id ?? 0);
    notice?.retry?.();
    await expect.poll(() => [first.sent(), second.sent()]).toEqual([2, 2]);
  });

  test("undone gives each issue its own state back, and the newest first", async () => {
    const issues = start(issue("a", IssueStatus.IGNORED), issue("b"));
    await perform(client, answered(statusOperation(issues, "resolved")).operation);
    await perform(client, answered(assignOperation(issues, member(4))).operation);
    const assigned = () => client.getQueryData<IssuePages>(KEY)?.pages[0]?.issues.map((each) => each.assignee?.id);
    expect(assigned()).toEqual([4, 4]);
    useNotices.getState().undo();
    await expect.poll(assigned).toEqual([undefined, undefined]);
    expect(shown()).toEqual(["RESOLVED", "RESOLVED"]);
    useNotices.getState().undo();
    await expect.poll(shown).toEqual(["IGNORED", "UNRESOLVED"]);
  });

  test("a failed change does not take back what was changed since", async () => {
    const issues = start(issue("a"));
    const slow = perform(client, answered(statusOperation(issues, "resolved"), unreachable).operation);
    const later = perform(
      client,
      answered(statusOperation([{ ...issue("a"), status: IssueStatus.RESOLVED }], "ignored")).operation,
    );
    await Promise.all([slow, later]);
    expect(shown()).toEqual(["IGNORED"]);
  });

  test("the ten newest ways back are kept", () => {
    const undone: number[] = [];
    for (let index = 0; index < 12; index += 1) useNotices.getState().show(String(index), () => undone.push(index));
    expect(useNotices.getState().shown).toHaveLength(3);
    for (let index = 0; index < 12; index += 1) useNotices.getState().undo();
    expect(undone).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
  });

  test("a command names at most a thousand issues", () => {
    expect(inCommands(Array.from({ length: 2821 })).map((each) => each.length)).toEqual([1000, 1000, 821]);
  });
});
