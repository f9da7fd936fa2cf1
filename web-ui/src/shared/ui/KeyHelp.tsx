// The keys of a page. The list and the issue have one each, made of the same.
import Dialog from "@mui/material/Dialog";
import { Kbd } from "./bits";
import styles from "./ui.module.css";

/** Keys, parted by spaces, and what they do. */
export type KeyWords = readonly (readonly [keys: string, what: string])[];

/** What every page has. */
const KEYS_OF_ALL: KeyWords = [
  ["z", "undo; Ctrl-Z as well"],
  ["t", "exact numbers and times, here"],
  ["?", "this help"],
];

export function KeyHelp({ keys, onClose }: { keys: KeyWords; onClose: () => void }) {
  return (
    <Dialog open onClose={onClose} aria-labelledby="key-help">
      <div className={styles.keyHelp}>
        <h2 id="key-help">Keys of this page</h2>
        <dl>
          {[...keys, ...KEYS_OF_ALL].map(([each, what]) => (
            <div key={each}>
              <dt>
                {each.split(" ").map((key) => (
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
