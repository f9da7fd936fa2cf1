// A free-form value, readable: nested parts fold, masked values are dimmed. Text
// from an event is only ever set as text, never as markup.
import { useState } from "react";
import { EventText } from "./EventText";
import styles from "./ui.module.css";

const OPEN_TO_DEPTH = 2;
const ENTRIES_MAX = 100;
/** Characters of a structure that is shown in one line. */
const LINE_MAX = 64;
/** Characters of one text that are shown unasked. */
const TEXT_MAX = 1000;
const MASKED = new Set(["[Filtered]", "[redacted]", "[Redacted]", "********"]);

export function JsonView({ value, depth = 0 }: { value: unknown; depth?: number }) {
  if (typeof value === "string") {
    if (MASKED.has(value)) return <span className={styles.masked}>{value}</span>;
    if (value.length > TEXT_MAX) return <LongText text={value} depth={depth} />;
    // On its own a text is just text; within a structure it is quoted.
    return depth === 0 ? (
      <EventText text={value} />
    ) : (
      <span className={styles.jsonString}>
        <EventText text={JSON.stringify(value)} />
      </span>
    );
  }
  if (typeof value === "number" || typeof value === "bigint")
    return <span className={styles.jsonNumber}>{String(value)}</span>;
  if (typeof value !== "object" || value === null) return <span className={styles.jsonWord}>{String(value)}</span>;
  return <Nested value={value} depth={depth} />;
}

function LongText({ text, depth }: { text: string; depth: number }) {
  const [open, setOpen] = useState(false);
  const shown = open ? text : `${text.slice(0, TEXT_MAX)}…`;
  return (
    <span>
      {depth === 0 ? (
        <EventText text={shown} />
      ) : (
        <span className={styles.jsonString}>
          <EventText text={JSON.stringify(shown)} />
        </span>
      )}{" "}
      <button type="button" className={styles.jsonToggle} aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? "Show less" : `Show all ${text.length.toLocaleString("en")} characters`}
      </button>
    </span>
  );
}

/** Whether a list or object reads better in one line. */
function isShort(entries: readonly [string, unknown][]): boolean {
  const plain = entries.every(([, each]) => typeof each !== "object" || each === null);
  return plain && entries.reduce((sum, [key, each]) => sum + key.length + String(each).length + 4, 0) <= LINE_MAX;
}

function Nested({ value, depth }: { value: object; depth: number }) {
  const entries = Object.entries(value) as [string, unknown][];
  const isList = Array.isArray(value);
  const brackets = isList ? "[]" : "{}";
  const what = (isList ? "item" : "key") + (entries.length === 1 ? "" : "s");
  const [open, setOpen] = useState(depth < OPEN_TO_DEPTH && entries.length <= 20);
  if (entries.length === 0) return <span className={styles.jsonKey}>{brackets}</span>;
  if (isShort(entries)) {
    return (
      <span>
        {brackets[0]}
        {entries.map(([key, each], index) => (
          <span key={key}>
            {index > 0 && ", "}
            {!isList && (
              <span className={styles.jsonKey}>
                <EventText text={key} />:{" "}
              </span>
            )}
            <JsonView value={each} depth={depth + 1} />
          </span>
        ))}
        {brackets[1]}
      </span>
    );
  }
  return (
    <span>
      <button type="button" className={styles.jsonToggle} aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? "▾" : "▸"} {entries.length} {what}
      </button>
      {open && (
        <div className={styles.jsonNest}>
          {entries.slice(0, ENTRIES_MAX).map(([key, each]) => (
            <div key={key}>
              <span className={styles.jsonKey}>
                <EventText text={key} />:{" "}
              </span>
              <JsonView value={each} depth={depth + 1} />
            </div>
          ))}
          {entries.length > ENTRIES_MAX && (
            <div className={styles.jsonKey}>… {entries.length - ENTRIES_MAX} more, see the raw JSON</div>
          )}
        </div>
      )}
    </span>
  );
}
