import type { HTMLInputTypeAttribute, ReactNode } from "react";
import { usePageTitle } from "@/shared/ui/usePageTitle";
import { Wordmark } from "@/shared/ui/Wordmark";
import styles from "./auth.module.css";

interface AuthCardProps {
  title: string;
  lead: string;
  /** What failed; empty: nothing. */
  error: string;
  children: ReactNode;
}

export function AuthCard({ title, lead, error, children }: AuthCardProps) {
  usePageTitle(title);
  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <Wordmark />
        <h1>{title}</h1>
        <p className={styles.lead}>{lead}</p>
        {error && (
          <p className={styles.error} role="alert">
            {error}
          </p>
        )}
        {children}
      </div>
    </main>
  );
}

interface FieldProps {
  name: string;
  label: string;
  type: HTMLInputTypeAttribute;
  autoComplete: string;
  autoFocus?: boolean;
  value: string;
  onChange: (value: string) => void;
  error: string;
  help?: string;
}

export function Field({
  name,
  label,
  type,
  autoComplete,
  autoFocus = false,
  value,
  onChange,
  error,
  help = "",
}: FieldProps) {
  const note = error || help;
  return (
    <label className={styles.field}>
      <span>{label}</span>
      <input
        name={name}
        type={type}
        autoComplete={autoComplete}
        autoFocus={autoFocus}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        aria-invalid={error !== ""}
        aria-describedby={note ? `${name}-note` : undefined}
      />
      {note && (
        <small id={`${name}-note`} data-error={error !== ""}>
          {note}
        </small>
      )}
    </label>
  );
}
