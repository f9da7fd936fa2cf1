// How many of an issue's events are stored, where spike protection only counted others.
import type { Issue } from "@/gen/errata/v1/issue_pb";
import { exactCount, plural, shortCount } from "@/shared/format/count";
import { Pill } from "@/shared/ui/bits";

/** `plain`: among other words, in a row. */
export function Kept({ issue, plain = false }: { issue: Issue; plain?: boolean }) {
  if (issue.sampled === 0n) return null;
  const kept = issue.count - issue.sampled;
  const tip = `Spike protection: ${exactCount(kept)} of ${plural(issue.count, "event")} were stored. The others came in a spike, were equal to stored ones, and were only counted: counts, users and releases are exact, tags and the list of events are of the stored ones.`;
  const words = `${shortCount(kept)} of ${shortCount(issue.count)} kept`;
  return <span data-tip={tip}>{plain ? words : <Pill kind="quiet">{words}</Pill>}</span>;
}
