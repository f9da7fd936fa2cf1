// This page's keys.
import Dialog from "@mui/material/Dialog";
import { Kbd } from "@/shared/ui/bits";
import { KEY_WORDS } from "./useIssueKeys";
import styles from "./detail.module.css";

export function IssueHelp({ onClose }: { onClose: () => void }) {
  return (
    <Dialog open onClose={onClose} aria-labelledby="issue-keys">
      <div className={styles.help}>
        <h2 id="issue-keys">Keys of this page</h2>
        <dl>
          {KEY_WORDS.map(([keys, what]) => (
            <div key={keys}>
              <dt>
                {keys.split(" ").map((key) => (
                  <Kbd key={key}>{key}</Kbd>
                ))}
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
      </div>
    </Dialog>
  );
}
