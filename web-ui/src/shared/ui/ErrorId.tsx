// What a person quotes of a failure, and whoever runs the server finds in its log.
import { CopyButton } from "./CopyButton";
import styles from "./ui.module.css";

export function ErrorId({ id }: { id: string }) {
  if (id === "") return null;
  return (
    <span className={styles.errorId} data-tip="The server's log has what happened under this id">
      Error id <code>{id}</code>
      <CopyButton text={id} what="error id" />
    </span>
  );
}
