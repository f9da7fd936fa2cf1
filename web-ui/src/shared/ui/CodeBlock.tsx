import { CopyButton } from "./CopyButton";
import styles from "./ui.module.css";

export function CodeBlock({ text, what }: { text: string; what: string }) {
  return (
    <div className={styles.code}>
      <pre tabIndex={0} aria-label={what}>
        {text}
      </pre>
      <CopyButton text={text} what={what} />
    </div>
  );
}
