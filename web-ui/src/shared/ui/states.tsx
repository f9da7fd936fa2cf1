// What a view shows instead of data: nothing yet, or a failure with what to do next.
import { Code, ConnectError } from "@connectrpc/connect";
import Button from "@mui/material/Button";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { failureOf } from "../format/failure";
import { useOnline, useRetryCountdown } from "../load/online";
import { ErrorId } from "./ErrorId";
import { Icon, type IconName } from "./Icon";
import styles from "./ui.module.css";

interface EmptyStateProps {
  icon: IconName;
  title: string;
  children: ReactNode;
  actions?: ReactNode;
  /** Whether it is the whole page: then its title is the page's. */
  page?: boolean;
}

export function EmptyState({ icon, title, children, actions, page = false }: EmptyStateProps) {
  const Title = page ? "h1" : "h2";
  return (
    <div className={styles.state}>
      <span className={styles.stateIcon}>
        <Icon name={icon} size={20} />
      </span>
      <Title>{title}</Title>
      <p>{children}</p>
      {actions && <div className={styles.stateActions}>{actions}</div>}
    </div>
  );
}

/** A failure with what to do next. Asks again by itself while the server is away. */
export function ErrorState({ error, retry, page = false }: { error: unknown; retry?: () => void; page?: boolean }) {
  const Title = page ? "h1" : "h2";
  const online = useOnline();
  const { title, text, kind, passing, id } = failureOf(error, online);
  // What was away comes back; a fault does not go by itself.
  const byItself = kind === "silent" || kind === "offline" || kind === "busy";
  const left = useRetryCountdown(retry, byItself);
  const again = retry && passing && kind !== "offline" && kind !== "signedOut";
  const gone = kind === "missing" || ConnectError.from(error).code === Code.OutOfRange;
  return (
    <div className={styles.state} role="alert">
      <span className={styles.stateIcon}>
        <Icon name={kind === "offline" ? "globe" : "warning"} size={20} />
      </span>
      <Title>{title}</Title>
      <p>{text}</p>
      {/* A live region would read every second aloud. */}
      {left !== null && (
        <span className={styles.stateNote} aria-live="off">
          Trying again in {left} s
        </span>
      )}
      {gone && (
        <div className={styles.stateActions}>
          <Button variant="outlined" component={Link} to="/issues">
            Go to the issues
          </Button>
        </div>
      )}
      {again && (
        <div className={styles.stateActions}>
          <Button variant="outlined" onClick={retry}>
            Try again
          </Button>
        </div>
      )}
      {kind !== "signedOut" && <ErrorId id={id} />}
    </div>
  );
}
