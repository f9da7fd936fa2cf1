// A titled part of the issue page; folds when asked to.
import { type ReactNode, useState } from "react";
import { Icon } from "@/shared/ui/Icon";
import styles from "./detail.module.css";

interface SectionProps {
  title: string;
  note?: string;
  actions?: ReactNode;
  /** Whether it can be folded, and how it starts. */
  fold?: "open" | "closed";
  /** Told when it is opened or closed. */
  onFold?: (open: boolean) => void;
  children: ReactNode;
}

export function Section({ title, note, actions, fold, onFold, children }: SectionProps) {
  const [open, setOpen] = useState(fold !== "closed");
  // Opened from without, as by a link to what is in it.
  const [before, setBefore] = useState(fold);
  if (fold !== before) {
    setBefore(fold);
    if (fold === "open") setOpen(true);
  }
  return (
    <section className={styles.section} aria-label={title}>
      <header className={styles.sectionHead}>
        <h2>
          {fold ? (
            <button type="button" aria-expanded={open} onClick={() => (setOpen(!open), onFold?.(!open))}>
              <Icon name={open ? "chevronDown" : "chevronRight"} size={14} />
              {title}
            </button>
          ) : (
            title
          )}
        </h2>
        {note && <span className={styles.note}>{note}</span>}
        <span className={styles.grow} />
        {open && actions}
      </header>
      {open && children}
    </section>
  );
}
