// A free-form value, readable: nested parts fold, masked values are dimmed. Text
// from an event is only ever set as text, never as markup.
import { useState } from "react";
import styles from "./ui.module.css";

const OPEN_TO_DEPTH = 2;
const ENTRIES_MAX = 100;
const MASKED = new Set(["[Filtered]", "[redacted]", "[Redacted]", "********"]);

export function JsonView({ value, depth = 0 }: { value: unknown; depth?: number }) {
  if (typeof value === "string") {
    if (MASKED.has(value)) return <span className={styles.masked}>{value}</span>;
    return <span className={styles.jsonString}>{depth === 0 ? value : JSON.stringify(value)}</span>;
  }
  if (typeof value === "number" || typeof value === "bigint") return <span className={styles.jsonNumber}>{String(value)}</span>;
  if (typeof value !== "object" || value === null) return <span className={styles.jsonWord}>{String(value)}</span>;
  return <Nested value={value} depth={depth} />;
}

function Nested({ value, depth }: { value: object; depth: number }) {
  const entries = Object.entries(value);
  const isList = Array.isArray(value);
  const [brackets, what] = isList ? ["[]", "items"] : ["{}", "keys"];
  const [open, setOpen] = useState(depth < OPEN_TO_DEPTH && entries.length <= 20);
  if (entries.length === 0) return <span className={styles.jsonKey}>{brackets}</span>;
  const flat = isList && entries.length <= 8 && entries.every(([, each]) => typeof each !== "object");
  if (flat) {
    return (
      <span>
        [
        {entries.map(([key, each], index) => (
          <span key={key}>
            {index > 0 && ", "}
            <JsonView value={each} depth={depth + 1} />
          </span>
        ))}
        ]
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
              <span className={styles.jsonKey}>{key}: </span>
              <JsonView value={each} depth={depth + 1} />
            </div>
          ))}
          {entries.length > ENTRIES_MAX && <div className={styles.jsonKey}>… {entries.length - ENTRIES_MAX} more, see the raw JSON</div>}
        </div>
      )}
    </span>
  );
}
