// A change to issues as the reader sees it: shown at once, sent, and either kept,
// with a way back, or taken back, with the reason and another try. A row never shows
// what the server did not accept.
import type { QueryClient } from "@tanstack/react-query";
import type { Issue } from "@/gen/errata/v1/issue_pb";
import { plural } from "@/shared/format/count";
import { type Failure, failureOf } from "@/shared/format/failure";
import { useConsistency } from "@/shared/state/consistency";
import { useNotices } from "@/shared/state/notices";
import { type Change, changeIssues, useOwnChanges } from "./cachedIssues";
import { isOldAfterCommand } from "../keys";

/** The most issues that one command may name. */
export const COMMAND_ISSUES_MAX = 1000;

/** One command. */
export interface Step {
  /** As they were. */
  before: readonly Issue[];
  change: Change;
  /** Puts back what `change` changed, and only that, unless it was changed again. */
  restore: (now: Issue, before: Issue) => Issue;
  send: () => Promise<{ position: string }>;
}

export interface Operation {
  /** "resolved": "3 issues resolved". */
  done: string;
  /** "not resolved": "3 issues not resolved: …". */
  failed: string;
  steps: readonly Step[];
  /** The way back for the steps that were done; none for what is itself a way back. */
  undo?: (done: readonly Issue[]) => Operation;
}

export const issuesOf = (operation: Pick<Operation, "steps">): Issue[] =>
  operation.steps.flatMap((step) => step.before);

/** Groups of at most as many as one command may name. */
export function inCommands<T>(items: readonly T[]): T[][] {
  const groups: T[][] = [];
  for (let from = 0; from < items.length; from += COMMAND_ISSUES_MAX)
    groups.push(items.slice(from, from + COMMAND_ISSUES_MAX));
  return groups;
}

const named = (issues: readonly Issue[]) => (issues.length === 1 ? "Issue" : plural(issues.length, "issue"));

const apply = (client: QueryClient, step: Step) => {
  const ids = step.before.map((issue) => issue.id);
  useOwnChanges.getState().add(ids);
  changeIssues(client, new Set(ids), step.change);
};

const takeBack = (client: QueryClient, step: Step) => {
  const before = new Map(step.before.map((issue) => [issue.id, issue]));
  changeIssues(client, new Set(before.keys()), (now) => {
    const was = before.get(now.id);
    return was ? step.restore(now, was) : now;
  });
};

// Two commands for one issue must not overtake each other on the way.
let queue: Promise<unknown> = Promise.resolve();
function inOrder<T>(run: () => Promise<T>): Promise<T> {
  const next = queue.then(run);
  queue = next.catch(() => undefined);
  return next;
}

interface Failed {
  client: QueryClient;
  operation: Operation;
  reason: string;
  errorId: string;
}

/** What the failure notice on the screen stands for. */
let failures: Failed[] = [];
const TOPIC = "triage";

function tellFailure(failed: Failed): void {
  const { shown, fail } = useNotices.getState();
  // What the reader dismissed is not tried again.
  failures = shown.some((notice) => notice.topic === TOPIC) ? [...failures, failed] : [failed];
  const all = failures.flatMap(({ operation }) => issuesOf(operation));
  const same = failures.every(({ operation }) => operation.failed === failed.operation.failed);
  const what = same ? `${named(all)} ${failed.operation.failed}` : `${plural(failures.length, "change")} not made`;
  const again = failures;
  const retry = () => {
    for (const { client, operation } of again) void perform(client, operation);
  };
  fail(`${what}: ${failed.reason}.`, { topic: TOPIC, errorId: failed.errorId, retry });
}

function refresh(client: QueryClient): void {
  useOwnChanges.getState().answered();
  void client.invalidateQueries({ predicate: ({ queryKey }) => isOldAfterCommand(queryKey) });
}

/** Resolves when all steps were answered; never rejects. */
export async function perform(client: QueryClient, operation: Operation): Promise<void> {
  for (const step of operation.steps) apply(client, step);
  const done: Step[] = [];
  const failed: Step[] = [];
  let last: Failure | undefined;
  await inOrder(async () => {
    for (const step of operation.steps) {
      try {
        useConsistency.getState().advance((await step.send()).position);
        done.push(step);
      } catch (cause) {
        takeBack(client, step);
        failed.push(step);
        last = failureOf(cause);
      }
    }
  });
  if (done.length > 0) {
    refresh(client);
    const issues = issuesOf({ steps: done });
    const { undo } = operation;
    useNotices
      .getState()
      .show(`${named(issues)} ${operation.done}`, undo && (() => void perform(client, undo(issues))));
  }
  tellFailed(client, { ...operation, steps: failed }, last);
}

function tellFailed(client: QueryClient, operation: Operation, failure: Failure | undefined): void {
  if (!failure) return;
  if (failure.passing) tellFailure({ client, operation, reason: failure.reason, errorId: failure.id });
  else
    useNotices
      .getState()
      .fail(`${named(issuesOf(operation))} ${operation.failed}: ${failure.reason}.`, { errorId: failure.id });
}
