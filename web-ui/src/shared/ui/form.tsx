// What pages of settings are made of: parts with a heading, fields, what failed, and
// the question before what cannot be undone.
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import { type ReactNode, useId } from "react";
import { failureOf } from "../format/failure";
import { sentence } from "../format/sentence";
import { ErrorId } from "./ErrorId";
import styles from "./form.module.css";

/** `fill`: what is in it takes the whole width. */
export function Part({
  title,
  lead,
  fill = false,
  children,
}: {
  title: string;
  lead: ReactNode;
  fill?: boolean;
  children: ReactNode;
}) {
  return (
    <section className={styles.part} aria-label={title}>
      <div className={styles.partHead}>
        <h2>{title}</h2>
        <p>{lead}</p>
      </div>
      <div className={styles.partBody} data-fill={fill}>
        {children}
      </div>
    </section>
  );
}

interface Refused {
  "aria-invalid"?: true;
  "aria-describedby"?: string;
}

/** What ties a field to what the server refused in it: `id` is for the `Failure`, `at` for the field. */
export function useRefused(error: unknown): { id: string; at: (field: string) => Refused } {
  const id = useId();
  const refused = error === null || error === undefined ? "" : failureOf(error).field;
  // "filters.releases[0]" stands in the field of all releases.
  const name = refused.split(".").at(-1)?.replace(/\[.*/, "") ?? "";
  return {
    id,
    at: (field) => (name !== "" && name === field ? { "aria-invalid": true, "aria-describedby": id } : {}),
  };
}

/** What the server said; it names the field. */
export function Failure({ error, id: elementId }: { error: unknown; id?: string | undefined }) {
  if (error === null || error === undefined) return null;
  const { reason, passing, id } = failureOf(error);
  return (
    <div className={styles.error} role="alert" id={elementId}>
      {sentence(reason)}
      {/* What was refused says what to mend; only for the rest there is somebody to ask. */}
      {passing && <ErrorId id={id} />}
    </div>
  );
}

interface ConfirmProps {
  title: string;
  /** What it will do, and what cannot be taken back. */
  children: ReactNode;
  /** On the button that does it. */
  action: string;
  /** It can be taken back, and is large all the same. */
  gentle?: boolean;
  pending: boolean;
  error: unknown;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before what cannot be undone, or takes long. */
export function Confirm({ title, children, action, gentle = false, pending, error, onConfirm, onClose }: ConfirmProps) {
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
          <Button variant="contained" color={gentle ? "primary" : "error"} disabled={pending} onClick={onConfirm}>
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
  refused?: Refused;
}

export function Input({
  label,
  value,
  onChange,
  type = "text",
  autoComplete = "off",
  placeholder,
  maxLength,
  note,
  refused = {},
}: InputProps) {
  const id = useId();
  return (
    <div className={styles.input}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type={type}
        autoComplete={autoComplete}
        placeholder={placeholder}
        maxLength={maxLength}
        value={value}
        aria-invalid={refused["aria-invalid"]}
        aria-describedby={refused["aria-describedby"] ?? (note ? `${id}-note` : undefined)}
        onChange={(event) => onChange(event.target.value)}
      />
      {note && <small id={`${id}-note`}>{note}</small>}
    </div>
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
  refused?: Refused;
}

/** A list, an entry a line. */
export function Lines({ label, hint, placeholder, value, onChange, refused = {} }: LinesProps) {
  const id = useId();
  return (
    <div className={styles.lines}>
      <label htmlFor={id}>{label}</label>
      <textarea
        id={id}
        aria-invalid={refused["aria-invalid"]}
        aria-describedby={refused["aria-describedby"] ?? `${id}-hint`}
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
  /** Of what the server said, for the field that it is about. */
  errorId?: string | undefined;
  onSave: () => void;
  onReset: () => void;
}

export function Save({ what, changed, pending, error, errorId, onSave, onReset }: SaveProps) {
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
      <Failure error={error} id={errorId} />
    </div>
  );
}
