// What a view shows instead of data: nothing yet, or a failure with what to do next.
import { Code, ConnectError } from "@connectrpc/connect";
import Button from "@mui/material/Button";
import type { ReactNode } from "react";
import { sentence } from "../format/sentence";
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

function explain(error: unknown): { title: string; text: string; code: string } {
  const failure = ConnectError.from(error);
  const code = Code[failure.code].replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  switch (failure.code) {
    case Code.NotFound:
      return { title: "Not found", text: sentence(failure.rawMessage) || "It may have expired, or the link is incomplete.", code };
    case Code.PermissionDenied:
      return { title: "Not allowed", text: "Your role does not include this. Ask an owner.", code };
    case Code.Unavailable:
    case Code.DeadlineExceeded:
    case Code.Unknown:
      return { title: "The server does not answer", text: "It may be restarting. Nothing that was sent to it is lost.", code };
    default:
      return { title: "This could not be loaded", text: sentence(failure.rawMessage), code };
  }
}

export function ErrorState({ error, retry }: { error: unknown; retry?: () => void }) {
  const { title, text, code } = explain(error);
  return (
    <div className={styles.state} role="alert">
      <span className={styles.stateIcon}>
        <Icon name="warning" size={20} />
      </span>
      <h2>{title}</h2>
      <p>{text}</p>
      <span className={styles.stateCode}>{code}</span>
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
