// What is wrong with a query: the reason, the place, and what may have been meant.
import { failureOf } from "@/shared/format/failure";
import { Coded } from "@/shared/ui/Coded";
import { ErrorId } from "@/shared/ui/ErrorId";
import { lineOf, mended } from "./place";
import styles from "./sql.module.css";

interface Props {
  id: string;
  /** What was asked. */
  text: string;
  error: unknown;
  /** Shows a part of the text. */
  onGo: (start: number, end: number) => void;
  onMend: (text: string) => void;
}

export function Fault({ id, text, error, onGo, onMend }: Props) {
  const { reason, place, id: requestId } = failureOf(error);
  const at = place && lineOf(text, place);
  return (
    <div id={id} className={styles.fault} role="alert">
      {at && (
        <button type="button" onClick={() => onGo(at.start, at.end)}>
          line {at.line}, column {at.column}
        </button>
      )}
      <span>
        <Coded text={reason} />
      </span>
      {place && place.suggestion !== "" && (
        <button type="button" onClick={() => onMend(mended(text, place))}>
          Use “{place.suggestion}”
        </button>
      )}
      <ErrorId id={requestId} />
    </div>
  );
}
