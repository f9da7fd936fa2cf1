// The name, with a proofreader's caret: something is missing here.
import styles from "./ui.module.css";

export function Mark({ size = 22 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" style={{ flex: "none" }}>
      <rect width="24" height="24" rx="6" fill="var(--accent)" />
      <path d="M7 7h10M7 12h6M7 17h10" stroke="var(--on-accent)" strokeWidth="2.2" strokeLinecap="round" />
      <path
        d="m15 14.2 2-4.4 2 4.4"
        fill="none"
        stroke="var(--on-accent)"
        strokeWidth="1.8"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}

export function Wordmark() {
  return (
    <span className={styles.wordmark}>
      <Mark />
      <span>Errata</span>
    </span>
  );
}
