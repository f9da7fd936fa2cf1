// What a view shows instead of data: nothing yet, or a failure with what to do next.
import Button from "@mui/material/Button";
import type { ReactNode } from "react";
import { failureOf } from "../format/failure";
import { Icon, type IconName } from "./Icon";
import styles from "./ui.module.css";

interface EmptyStateProps {
  icon: IconName;
  title: string;
  children: ReactNode;
  actions?: ReactNode;
}

export function EmptyState({ icon, title, children, actions }: EmptyStateProps) {
  return (
    <div className={styles.state}>
      <span className={styles.stateIcon}>
        <Icon name={icon} size={20} />
      </span>
      <h2>{title}</h2>
      <p>{children}</p>
      {actions && <div className={styles.stateActions}>{actions}</div>}
    </div>
  );
}

export function ErrorState({ error, retry }: { error: unknown; retry?: () => void }) {
  const { title, text } = failureOf(error);
  return (
    <div className={styles.state} role="alert">
      <span className={styles.stateIcon}>
        <Icon name="warning" size={20} />
      </span>
      <h2>{title}</h2>
      <p>{text}</p>
      {retry && (
        <div className={styles.stateActions}>
          <Button variant="outlined" onClick={retry}>
            Try again
          </Button>
        </div>
      )}
    </div>
  );
}
