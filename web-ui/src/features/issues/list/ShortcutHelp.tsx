import { Dialog } from "@/shared/ui/Dialog";
import { Kbd } from "@/shared/ui/bits";
import styles from "./list.module.css";

const shortcuts: readonly (readonly [keys: string, what: string])[] = [
  ["j k", "next, previous issue"],
  ["Enter", "open"],
  ["x", "select"],
  ["e", "resolve"],
  ["i", "ignore"],
  ["a", "assign"],
  ["X", "select up to here"],
  ["z", "undo; Ctrl-Z as well"],
  ["/", "search"],
  ["Esc", "clear the selection"],
  ["?", "this help"],
];

export function ShortcutHelp({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog open={open} onClose={onClose} aria-labelledby="shortcut-help">
      <div className={styles.help}>
        <h2 id="shortcut-help">Keyboard</h2>
        <dl>
          {shortcuts.map(([keys, what]) => (
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
