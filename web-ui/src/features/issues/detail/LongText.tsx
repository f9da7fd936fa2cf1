// The words of an error: whole when they are short, else a few lines and the way to
// the rest, so that the code below stays on the screen.
import { useState } from "react";
import { EventText } from "@/shared/ui/EventText";
import styles from "./detail.module.css";

/** What fits into three lines of a phone. */
const SHORT_CHARS = 150;
const SHORT_LINES = 3;

const isLong = (text: string): boolean =>
  text.length > SHORT_CHARS || text.split("\n", SHORT_LINES + 1).length > SHORT_LINES;

export function LongText({ text }: { text: string }) {
  const [open, setOpen] = useState(false);
  const long = isLong(text);
  return (
    <div className={styles.valueBox}>
      <p className={styles.value} data-cut={long && !open}>
        <EventText text={text} />
      </p>
      {long && (
        <button type="button" className={styles.more} aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Show less" : "Show all"}
        </button>
      )}
    </div>
  );
}
