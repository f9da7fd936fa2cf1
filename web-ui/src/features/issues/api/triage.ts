// Resolve, ignore, reopen, assign: shown at once, sent, and reversible from the
// notice. After the answer all reads wait for its position.
import { ConnectError } from "@connectrpc/connect";
import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import type { GetIssueResponse, Issue, Issue_Member } from "@/gen/errata/v1/issue_pb";
import { commands, events } from "@/shared/api/clients";
import { plural } from "@/shared/format/count";
import { memberName, statusName, statusOf, type StatusName } from "@/shared/format/issue";
import { useConsistency } from "@/shared/state/consistency";
import { sentence } from "@/shared/format/sentence";
import { useNotices } from "@/shared/state/notices";
import { mapIssues } from "../list/liveMerge";
import type { IssuePages } from "./listIssues";

/** The most issues that one command may name. */
const COMMAND_ISSUES_MAX = 1000;

const done: Record<StatusName, string> = { resolved: "resolved", ignored: "ignored", unresolved: "reopened" };

type Change = (issue: Issue) => Issue;

/** Applies `change` to the issues wherever they are cached. */
function apply(client: QueryClient, ids: ReadonlySet<string>, change: Change): void {
  client.setQueriesData<IssuePages>({ queryKey: ["issues", "list"] }, (pages) =>
    pages && mapIssues(pages, (issue) => (ids.has(issue.id) ? change(issue) : issue)),
  );
  client.setQueriesData<GetIssueResponse>({ queryKey: ["issues", "one"] }, (response) =>
    response?.issue && ids.has(response.issue.id) ? { ...response, issue: change(response.issue) } : response,
  );
}

/** Runs the command for groups of issues that share a value, and refreshes. */
async function send(client: QueryClient, run: () => Promise<{ position: string }>[]): Promise<void> {
  try {
    const answers = await Promise.all(run());
    for (const answer of answers) useConsistency.getState().advance(answer.position);
  } catch (cause) {
    useNotices.getState().show(`Not done: ${sentence(ConnectError.from(cause).rawMessage)}`);
  } finally {
    // Lists refresh in the background: what is shown is already right.
    await client.invalidateQueries({ queryKey: ["issues"] });
    void client.invalidateQueries({ queryKey: ["dashboard"] });
    void client.invalidateQueries({ queryKey: ["projects"] });
  }
}

function group<K>(issues: readonly Issue[], key: (issue: Issue) => K): Map<K, string[]> {
  const groups = new Map<K, string[]>();
  for (const issue of issues) groups.set(key(issue), [...(groups.get(key(issue)) ?? []), issue.id]);
  return groups;
}

/** Stacks of so many newest events are told to the door. */
const STACKS_MAX = 10;

async function discardByStacks(issue: Issue): Promise<{ position: string }> {
  const newest = await events.listEvents({ projectId: issue.projectId, issueId: issue.id, limit: STACKS_MAX });
  const positions = newest.events.map((event) => event.position);
  return commands.discardIssues({ issues: [{ issueId: issue.id, projectId: issue.projectId, positions }] });
}

async function takeBack(issue: Issue): Promise<{ position: string }> {
  const kept = await commands.keepIssues({ issueIds: [issue.id] });
  return statusName(issue.status) === "unresolved" ? kept : commands.setIssueStatus({ issueIds: [issue.id], status: issue.status });
}

export interface Triage {
  setStatus: (issues: readonly Issue[], status: StatusName) => void;
  assign: (issues: readonly Issue[], member: Issue_Member | undefined) => void;
  /** Ignores the issue and has its events turned away from now on. */
  discard: (issue: Issue) => void;
}

export function useTriage(): Triage {
  const client = useQueryClient();
  return useMemo(() => makeTriage(client), [client]);
}

function makeTriage(client: QueryClient): Triage {
  const show = useNotices.getState().show;
  const name = (issues: readonly Issue[]) => (issues.length === 1 ? "Issue" : plural(issues.length, "issue"));

  const setStatus = (all: readonly Issue[], status: StatusName) => {
    const before = all.filter((issue) => statusName(issue.status) !== status).slice(0, COMMAND_ISSUES_MAX);
    if (before.length === 0) return;
    const ids = before.map((issue) => issue.id);
    apply(client, new Set(ids), (issue) => ({ ...issue, status: statusOf(status) }));
    void send(client, () => [commands.setIssueStatus({ issueIds: ids, status: statusOf(status) })]);
    show(`${name(before)} ${done[status]}`, () => {
      for (const issue of before) apply(client, new Set([issue.id]), (now) => ({ ...now, status: issue.status }));
      void send(client, () =>
        [...group(before, (issue) => issue.status)].map(([old, issueIds]) => commands.setIssueStatus({ issueIds, status: old })),
      );
    });
  };

  const assign = (all: readonly Issue[], member: Issue_Member | undefined) => {
    const before = all.filter((issue) => issue.assignee?.id !== member?.id).slice(0, COMMAND_ISSUES_MAX);
    if (before.length === 0) return;
    const ids = before.map((issue) => issue.id);
    const withAssignee = (issue: Issue, assignee: Issue_Member | undefined): Issue => {
      const next = { ...issue };
      if (assignee) next.assignee = assignee;
      else delete next.assignee;
      return next;
    };
    apply(client, new Set(ids), (issue) => withAssignee(issue, member));
    void send(client, () => [commands.assignIssues({ issueIds: ids, userId: member?.id ?? 0 })]);
    show(member ? `${name(before)} assigned to ${memberName(member)}` : `${name(before)} unassigned`, () => {
      for (const issue of before) apply(client, new Set([issue.id]), (now) => withAssignee(now, issue.assignee));
      void send(client, () =>
        [...group(before, (issue) => issue.assignee?.id ?? 0)].map(([userId, issueIds]) => commands.assignIssues({ issueIds, userId })),
      );
    });
  };

  const discard = (issue: Issue) => {
    const only = new Set([issue.id]);
    apply(client, only, (now) => ({ ...now, status: statusOf("ignored") }));
    void send(client, () => [discardByStacks(issue)]);
    show("Issue discarded: its events are turned away", () => {
      apply(client, only, (now) => ({ ...now, status: issue.status }));
      void send(client, () => [takeBack(issue)]);
    });
  };

  return { setStatus, assign, discard };
}
