// A look at what would be stored: the server runs what it runs for events, with the
// settings as they stand in the forms, and stores nothing.
import { useDeferredValue, useEffect, useState } from "react";
import { plural } from "@/shared/format/count";
import { useTrySettings } from "./api/trySettings";
import type { FiltersDraft, ScrubbingDraft } from "./draft";
import { Failure, Part } from "@/shared/ui/form";
import styles from "./settings.module.css";

/** So long after the last key stroke the server is asked. */
const PAUSE_MS = 300;

const EXAMPLE = `{"message": "card 4111 1111 1111 1111 declined", "extra": {"password": "hunter2", "author": "jane"}}`;

export function Tester({
  projectId,
  filters,
  scrubbing,
}: {
  projectId: number;
  filters: FiltersDraft;
  scrubbing: ScrubbingDraft;
}) {
  const [text, setText] = useState("");
  const [path, setPath] = useState("");
  const settled = useSettled({
    text,
    path,
    filters: useDeferredValue(filters),
    scrubbing: useDeferredValue(scrubbing),
  });
  const look = useTrySettings(projectId, settled);
  const answer = settled.text.trim() === "" ? undefined : look.data;
  return (
    <Part
      fill
      title="Try it"
      lead="Paste an event as an SDK sends it, or any text. You see what would be stored with the settings above, saved or not. Nothing of it is stored."
    >
      <div className={styles.try}>
        <label className={styles.tryField}>
          <span>Sent</span>
          <textarea
            aria-label="What is sent"
            rows={7}
            spellCheck={false}
            placeholder={EXAMPLE}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        <label className={styles.tryPath}>
          <span>Where a text stands</span>
          <input
            placeholder="message"
            spellCheck={false}
            value={path}
            onChange={(event) => setPath(event.target.value)}
          />
        </label>
      </div>
      <div className={styles.answer} aria-live="polite">
        {look.isError && settled.text.trim() !== "" && <Failure error={look.error} />}
        {answer && !look.isError && (
          <>
            <p className={styles.verdict} data-filtered={answer.filtered !== ""}>
              {answer.filtered !== "" ? (
                <b>Would not be stored: {answer.filtered.replace(/^filtered_/, "").replaceAll("_", " ")}</b>
              ) : (
                <b>{plural(answer.scrubbedCount, "field")} masked</b>
              )}
              {answer.scrubbed.length > 0 && <span>{answer.scrubbed.join(", ")}</span>}
            </p>
            <pre tabIndex={0} aria-label="What would be stored">
              {answer.stored}
            </pre>
          </>
        )}
      </div>
    </Part>
  );
}

/** The value once it has not changed for a moment. */
function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  const key = JSON.stringify(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(JSON.parse(key) as T), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [key]);
  return settled;
}
