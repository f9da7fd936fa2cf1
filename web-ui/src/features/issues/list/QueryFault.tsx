// What is wrong with a query, under the field: the text with the place marked, why, and
// what may have been meant, one press away.
import type { TextPlace } from "@/shared/format/failure";
import { sentence } from "@/shared/format/sentence";
import { mended, split } from "./queryText";
import styles from "./query.module.css";

interface QueryFaultProps {
  id: string;
  /** What was asked for. */
  text: string;
  reason: string;
  place: TextPlace | null;
  onMend: (text: string) => void;
}

export function QueryFault({ id, text, reason, place, onMend }: QueryFaultProps) {
  const parts = place && split(text, place);
  return (
    <div className={styles.fault} role="alert">
      {parts && (
        <code className={styles.faultText} aria-hidden="true">
          {parts.before}
          <mark data-empty={parts.marked === ""}>{parts.marked}</mark>
          {parts.after}
        </code>
      )}
      <span id={id}>{sentence(reason)}</span>
      {place && place.suggestion !== "" && (
        <button type="button" className={styles.mend} onClick={() => onMend(mended(text, place))}>
          Use “{place.suggestion}”
        </button>
      )}
    </div>
  );
}
