// Resolve, ignore, reopen, assign, discard: what each changes, sends, and how it is
// taken back.
import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Issue, Issue_Member } from "@/gen/errata/v1/issue_pb";
import { commands } from "@/shared/api/clients";
import { memberName, statusName, statusOf, type StatusName } from "@/shared/format/issue";
import { inCommands, type Operation, perform, type Step } from "./operations";

const words: Record<StatusName, string> = { resolved: "resolved", ignored: "ignored", unresolved: "reopened" };

function groups<K>(issues: readonly Issue[], key: (issue: Issue) => K): [K, Issue[]][] {
  const found = new Map<K, Issue[]>();
  for (const issue of issues) {
    const group = found.get(key(issue));
    if (group) group.push(issue);
    else found.set(key(issue), [issue]);
  }
  return [...found];
}

const idsOf = (issues: readonly Issue[]) => issues.map((issue) => issue.id);

function statusStep(before: readonly Issue[], status: StatusName, send: () => Promise<{ position: string }>): Step {
  const value = statusOf(status);
  return {
    before,
    change: (issue) => ({ ...issue, status: value }),
    restore: (now, was) => (now.status === value ? { ...now, status: was.status } : now),
    send,
  };
}

const statusSteps = (issues: readonly Issue[], status: StatusName): Step[] =>
  inCommands(issues).map((each) =>
    statusStep(each, status, () => commands.setIssueStatus({ issueIds: idsOf(each), status: statusOf(status) })),
  );

/** `issues` as they were before; those that had the status already are left alone. */
export function statusOperation(issues: readonly Issue[], status: StatusName): Operation {
  const others = issues.filter((issue) => statusName(issue.status) !== status);
  return {
    done: words[status],
    failed: `not ${words[status]}`,
    steps: statusSteps(others, status),
    undo: (done) => ({
      done: "as before",
      failed: `still ${words[status]}`,
      steps: groups(done, (issue) => statusName(issue.status)).flatMap(([old, each]) =>
        statusSteps(
          each.map((issue) => ({ ...issue, status: statusOf(status) })),
          old,
        ),
      ),
    }),
  };
}

const withAssignee = (issue: Issue, assignee: Issue_Member | undefined): Issue => {
  const next = { ...issue };
  if (assignee) next.assignee = assignee;
  else delete next.assignee;
  return next;
};

const assignSteps = (issues: readonly Issue[], member: Issue_Member | undefined): Step[] =>
  inCommands(issues).map((before) => ({
    before,
    change: (issue) => withAssignee(issue, member),
    restore: (now, was) => (now.assignee?.id === member?.id ? withAssignee(now, was.assignee) : now),
    send: () => commands.assignIssues({ issueIds: idsOf(before), userId: member?.id ?? 0 }),
  }));

export function assignOperation(issues: readonly Issue[], member: Issue_Member | undefined): Operation {
  const others = issues.filter((issue) => issue.assignee?.id !== member?.id);
  const done = member ? `assigned to ${memberName(member)}` : "unassigned";
  return {
    done,
    failed: `not ${done}`,
    steps: assignSteps(others, member),
    undo: (changed) => ({
      done: "as before",
      failed: `still ${done}`,
      steps: groups(changed, (issue) => issue.assignee?.id ?? 0).flatMap(([, each]) =>
        assignSteps(
          each.map((issue) => withAssignee(issue, member)),
          each[0]?.assignee,
        ),
      ),
    }),
  };
}

const discard = (issue: Issue): Promise<{ position: string }> => commands.discardIssues({ issueIds: [issue.id] });

async function undiscard(issue: Issue): Promise<{ position: string }> {
  const done = await commands.undiscardIssues({ issueIds: [issue.id] });
  return statusName(issue.status) === "unresolved"
    ? done
    : commands.setIssueStatus({ issueIds: [issue.id], status: issue.status });
}

export const discardOperation = (issue: Issue): Operation => ({
  done: "discarded: its events are turned away",
  failed: "not discarded",
  steps: [statusStep([issue], "ignored", () => discard(issue))],
  undo: () => ({
    done: "no longer discarded",
    failed: "still discarded",
    steps: [statusStep([{ ...issue, status: statusOf("ignored") }], statusName(issue.status), () => undiscard(issue))],
  }),
});

export const undiscardOperation = (issue: Issue): Operation => ({
  done: "no longer discarded: its events are stored",
  failed: "still discarded",
  steps: [
    {
      ...statusStep([issue], "unresolved", () => commands.undiscardIssues({ issueIds: [issue.id] })),
      change: (now) => ({ ...now, status: statusOf("unresolved"), isDiscarded: false }),
      restore: (now, was) => ({ ...now, status: was.status, isDiscarded: was.isDiscarded }),
    },
  ],
});

export interface Triage {
  setStatus: (issues: readonly Issue[], status: StatusName) => void;
  assign: (issues: readonly Issue[], member: Issue_Member | undefined) => void;
  /** Ignores the issue and has its events turned away from now on. */
  discard: (issue: Issue) => void;
  /** Takes that back: it is open, and its events are stored again. */
  undiscard: (issue: Issue) => void;
}

function makeTriage(client: QueryClient): Triage {
  return {
    setStatus: (issues, status) => void perform(client, statusOperation(issues, status)),
    assign: (issues, member) => void perform(client, assignOperation(issues, member)),
    discard: (issue) => void perform(client, discardOperation(issue)),
    undiscard: (issue) => void perform(client, undiscardOperation(issue)),
  };
}

export function useTriage(): Triage {
  const client = useQueryClient();
  return useMemo(() => makeTriage(client), [client]);
}
