// What the sections of the settings are made of.
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import { type ReactNode, useId } from "react";
import { failureOf } from "@/shared/format/failure";
import { sentence } from "@/shared/format/sentence";
import styles from "./settings.module.css";

export function Part({ title, lead, children }: { title: string; lead: ReactNode; children: ReactNode }) {
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

export function Failure({ error }: { error: unknown }) {
  if (error === null || error === undefined) return null;
  return (
    <p className={styles.error} role="alert">
      {sentence(failureOf(error).reason)}
    </p>
  );
}

interface ConfirmProps {
  title: string;
  /** What it will do, and what cannot be taken back. */
  children: ReactNode;
  /** On the button that does it. */
  action: string;
  pending: boolean;
  error: unknown;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before what cannot be undone. */
export function Confirm({ title, children, action, pending, error, onConfirm, onClose }: ConfirmProps) {
  const id = useId();
  return (
    <Dialog open onClose={onClose} aria-labelledby={id} fullWidth maxWidth="xs">
      <div className={styles.confirm}>
        <h2 id={id}>{title}</h2>
        <div>{children}</div>
        <Failure error={error} />
        <div className={styles.confirmActions}>
          <Button variant="text" onClick={onClose}>
            Cancel
          </Button>
          <Button variant="contained" color="error" disabled={pending} onClick={onConfirm}>
            {action}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

interface InputProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  type?: "text" | "email" | "password";
  autoComplete?: string;
  placeholder?: string;
  maxLength?: number;
  note?: string;
}

export function Input({ label, value, onChange, type = "text", autoComplete = "off", placeholder, maxLength, note }: InputProps) {
  const id = useId();
  return (
    <div className={styles.input}>
      <label htmlFor={id}>{label}</label>
      <input id={id} type={type} autoComplete={autoComplete} placeholder={placeholder} maxLength={maxLength} value={value} aria-describedby={note ? `${id}-note` : undefined} onChange={(event) => onChange(event.target.value)} />
      {note && <small id={`${id}-note`}>{note}</small>}
    </div>
  );
}
