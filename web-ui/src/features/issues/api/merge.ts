// Issues that are made one, and fingerprints that are taken out again; each with the way
// back.
import type { QueryClient } from "@tanstack/react-query";
import type { Issue, IssueFingerprint } from "@/gen/errata/v1/issue_pb";
import { commands, issues as reads } from "@/shared/api/clients";
import { plural } from "@/shared/format/count";
import { failureOf } from "@/shared/format/failure";
import { afterPosition, useConsistency } from "@/shared/state/consistency";
import { useNotices } from "@/shared/state/notices";
import { issueKeys } from "../keys";

/** What happens besides: a list that is read anew. */
type Refresh = () => Promise<void>;

/** Sends, reads anew, says so; what failed can be tried again. */
async function run(
  client: QueryClient,
  refresh: Refresh,
  send: () => Promise<{ position: string }>,
  told: { done: string; failed: string; undo?: () => Promise<void> },
): Promise<void> {
  try {
    useConsistency.getState().advance((await send()).position);
  } catch (cause) {
    useNotices.getState().fail(`${told.failed}: ${failureOf(cause).reason}.`, {
      topic: "merge",
      errorId: failureOf(cause).id,
      retry: () => void run(client, refresh, send, told),
    });
    return;
  }
  const { undo } = told;
  useNotices.getState().show(told.done, undo && (() => void undo()));
  const old = [issueKeys.all, issueKeys.similars].map((queryKey) => client.invalidateQueries({ queryKey }));
  await Promise.all([refresh(), ...old]);
}

/** What an issue is made of. */
const partsOf = async (issueId: string): Promise<readonly IssueFingerprint[]> =>
  (await reads.getIssue({ issueId, afterPosition: afterPosition() })).fingerprints;

const printsOf = (parts: readonly IssueFingerprint[]) => parts.map((part) => part.fingerprint);

/** Issues that are read at once before they are merged. */
const READS = 8;

/** By id, what each that was merged before is made of: few are, and of others it is one fingerprint. */
async function partsOfMerged(merged: readonly Issue[]): Promise<Map<string, string[]>> {
  const made = new Map<string, string[]>();
  const several = merged.filter((issue) => issue.fingerprints > 1);
  for (let at = 0; at < several.length; at += READS) {
    const some = several.slice(at, at + READS);
    const parts = await Promise.all(some.map((issue) => partsOf(issue.id)));
    some.forEach((issue, index) => made.set(issue.id, printsOf(parts[index] ?? [])));
  }
  return made;
}

/** Makes them one. Undone, each is again what it was: several fingerprints stay together. */
export async function mergeIssues(client: QueryClient, merged: readonly Issue[], refresh: Refresh): Promise<void> {
  let survivor = "";
  let several = new Map<string, string[]>();
  const issueIds = merged.map((issue) => issue.id);
  const send = async () => {
    several = await partsOfMerged(merged);
    const answer = await commands.mergeIssues({ issueIds });
    survivor = answer.issueId;
    return answer;
  };
  const takeOutOf = (fingerprints: string[], together: boolean) =>
    commands.unmergeFingerprints({ issueId: survivor, fingerprints, together });
  const takeApart = async () => {
    let position = "0";
    for (const [id, fingerprints] of several) {
      if (id !== survivor) ({ position } = await takeOutOf(fingerprints, true));
    }
    const alone = new Set(issueIds.filter((id) => id !== survivor && !several.has(id)));
    const ones = (await partsOf(survivor)).filter((part) => alone.has(part.issueId));
    if (ones.length > 0) ({ position } = await takeOutOf(printsOf(ones), false));
    return { position };
  };
  await run(client, refresh, send, {
    done: `${plural(merged.length, "issue")} merged into one`,
    failed: `${plural(merged.length, "issue")} not merged`,
    undo: () =>
      run(client, refresh, takeApart, {
        done: `${plural(merged.length, "issue")} as before`,
        failed: "The merge still stands",
      }),
  });
}

/** Takes a fingerprint out: it is the issue again that it once opened. */
export async function takeOut(client: QueryClient, issueId: string, part: IssueFingerprint): Promise<void> {
  const none = () => Promise.resolve();
  const { fingerprint } = part;
  await run(client, none, () => commands.unmergeFingerprints({ issueId, fingerprints: [fingerprint] }), {
    done: "Taken out: it is an issue of its own",
    failed: "Not taken out",
    undo: () =>
      run(client, none, () => commands.mergeIssues({ issueIds: [issueId, part.issueId] }), {
        done: "Part of this issue again",
        failed: "Still an issue of its own",
      }),
  });
}
