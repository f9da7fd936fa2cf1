// Said where the issue's status stands: its events are turned away, and how many were.
import type { Issue } from "@/gen/errata/v1/issue_pb";
import { plural, shortCount } from "@/shared/format/count";
import { Pill } from "@/shared/ui/bits";

export function DiscardedPill({ issue }: { issue: Issue }) {
  const count = issue.discardedEvents;
  return (
    <span data-tip={`Its events are turned away at the door: ${plural(count, "event")} since it was discarded.`}>
      <Pill kind="quiet">Discarded: {`${shortCount(count)} ${count === 1n ? "event" : "events"}`} turned away</Pill>
    </span>
  );
}
