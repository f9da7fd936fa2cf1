// Whether the page follows the server.
import Tooltip from "@mui/material/Tooltip";
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
    <Tooltip title={help}>
      <span className={styles.live} data-state={state} role="status">
        <i />
        {text}
      </span>
    </Tooltip>
  );
}
