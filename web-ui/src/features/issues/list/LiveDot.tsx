// Whether the page follows the server.
import type { LiveState } from "../api/streamIssues";
import styles from "./list.module.css";

const words: Record<LiveState, [text: string, help: string]> = {
  connecting: ["Connecting", "Opening the live stream"],
  live: ["Live", "Changes appear by themselves"],
  offline: ["Reconnecting", "The live stream broke; what is shown may be old"],
};

export function LiveDot({ state }: { state: LiveState }) {
  const [text, help] = words[state];
  return (
    <span className={styles.live} data-state={state} data-tip={help} role="status">
      <i />
      {text}
    </span>
  );
}
