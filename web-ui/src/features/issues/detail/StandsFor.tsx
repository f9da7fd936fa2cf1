// How many errors an event stands for, where an SDK folded equal ones into one.
import type { EventSummary } from "@/gen/errata/v1/event_read_pb";
import { exactCount, plural, shortCount } from "@/shared/format/count";
import styles from "./standsFor.module.css";

export function StandsFor({ event }: { event: EventSummary }) {
  if (event.count <= 1) return null;
  const words = `Stands for ${exactCount(event.count)} equal errors, which the SDK sent as one event`;
  return (
    <span className={styles.standsFor} role="img" aria-label={words} data-tip={words}>
      ×{shortCount(event.count)}
    </span>
  );
}

/** What a figure of errors says besides its number, where its list has another number of rows. */
export function listed(errors: bigint, keptEvents: bigint): string | undefined {
  if (errors === keptEvents) return undefined;
  if (keptEvents === 0n) return "in all. None of them is kept any more";
  const are = keptEvents === 1n ? "is" : "are";
  return `in all. The list has the ${plural(keptEvents, "event")} that ${are} kept; one may stand for several`;
}
