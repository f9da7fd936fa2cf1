// The parts that both forms are made of.
import Button from "@mui/material/Button";
import { useId, type ReactNode } from "react";
import { failureOf } from "@/shared/format/failure";
import { sentence } from "@/shared/format/sentence";
import styles from "./settings.module.css";

export function Part({ title, lead, children }: { title: string; lead: string; children: ReactNode }) {
  return (
    <section className={styles.part} aria-label={title}>
      <div className={styles.partHead}>
        <h2>{title}</h2>
        <p>{lead}</p>
      </div>
      <div className={styles.partBody}>{children}</div>
    </section>
  );
}

interface SwitchProps {
  label: string;
  hint: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

export function Switch({ label, hint, checked, onChange }: SwitchProps) {
  return (
    <label className={styles.switch}>
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} />
      <span>
        <b>{label}</b>
        <span>{hint}</span>
      </span>
    </label>
  );
}

interface LinesProps {
  label: string;
  hint: string;
  placeholder: string;
  value: string;
  onChange: (value: string) => void;
}

/** A list, an entry a line. */
export function Lines({ label, hint, placeholder, value, onChange }: LinesProps) {
  const id = useId();
  return (
    <div className={styles.lines}>
      <label htmlFor={id}>{label}</label>
      <textarea
        id={id}
        aria-describedby={`${id}-hint`}
        rows={Math.min(8, Math.max(1, value.split("\n").length))}
        spellCheck={false}
        placeholder={placeholder}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
      <span id={`${id}-hint`}>{hint}</span>
    </div>
  );
}

interface SaveProps {
  what: string;
  changed: boolean;
  pending: boolean;
  error: unknown;
  onSave: () => void;
  onReset: () => void;
}

export function Save({ what, changed, pending, error, onSave, onReset }: SaveProps) {
  return (
    <div className={styles.save}>
      <Button variant="contained" disabled={!changed || pending} onClick={onSave}>
        {pending ? "Saving…" : `Save ${what}`}
      </Button>
      {changed && (
        <Button variant="text" disabled={pending} onClick={onReset}>
          Undo changes
        </Button>
      )}
      {error !== null && (
        <p className={styles.error} role="alert">
          {failure(error)}
        </p>
      )}
    </div>
  );
}

/** What the server said; it names the field. */
export const failure = (error: unknown): string => sentence(failureOf(error).reason);
