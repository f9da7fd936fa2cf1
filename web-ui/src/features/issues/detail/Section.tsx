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
  children: ReactNode;
}

export function Section({ title, note, actions, fold, children }: SectionProps) {
  const [open, setOpen] = useState(fold !== "closed");
  return (
    <section className={styles.section} aria-label={title}>
      <header className={styles.sectionHead}>
        <h2>
          {fold ? (
            <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
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
