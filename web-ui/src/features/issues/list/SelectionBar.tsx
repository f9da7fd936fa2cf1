// Stands in the place of the table's head while rows are selected.
import Button from "@mui/material/Button";
import Checkbox from "@mui/material/Checkbox";
import { exactCount, plural } from "@/shared/format/count";
import type { StatusName } from "@/shared/format/issue";
import { Icon } from "@/shared/ui/Icon";
import styles from "./list.module.css";

interface SelectionBarProps {
  count: number;
  /** How many match, loaded or not. */
  total: number;
  /** Whether all rows that are loaded are selected. */
  all: boolean;
  /** Whether everything that matches is selected. */
  everything: boolean;
  /** A command for everything is on its way. */
  busy: boolean;
  onAll: () => void;
  onEverything: () => void;
  onStatus: (status: StatusName) => void;
  onAssign: (anchor: HTMLElement) => void;
  /** None: what is selected cannot be one issue. */
  onMerge: (() => void) | undefined;
  onClear: () => void;
}

export function SelectionBar({
  count,
  total,
  all,
  everything,
  busy,
  onAll,
  onEverything,
  onStatus,
  onAssign,
  onMerge,
  onClear,
}: SelectionBarProps) {
  return (
    <div className={styles.selection} role="toolbar" aria-label="Selected issues" aria-busy={busy}>
      <Checkbox
        checked={all || everything}
        indeterminate={!all && !everything}
        onChange={onAll}
        slotProps={{
          input: {
            "aria-label": "Select all loaded issues",
            // Half-checked is a property, which no attribute sets.
            ref: (box: HTMLInputElement | null) => {
              if (box) box.indeterminate = !all && !everything;
            },
          },
        }}
      />
      <span className={styles.selectionCount} aria-live="polite">
        {busy ? "Working…" : `${plural(everything ? total : count, "issue")} selected`}
      </span>
      {!everything && all && total > count && (
        <Button variant="text" onClick={onEverything}>
          Select all {exactCount(total)} that match
        </Button>
      )}
      <Button
        variant="outlined"
        disabled={busy}
        startIcon={<Icon name="check" size={14} />}
        onClick={() => onStatus("resolved")}
      >
        Resolve
      </Button>
      <Button
        variant="outlined"
        disabled={busy}
        startIcon={<Icon name="mute" size={14} />}
        onClick={() => onStatus("ignored")}
      >
        Ignore
      </Button>
      <Button
        variant="outlined"
        disabled={busy}
        startIcon={<Icon name="reopen" size={14} />}
        onClick={() => onStatus("unresolved")}
      >
        Reopen
      </Button>
      <Button
        variant="outlined"
        disabled={busy}
        startIcon={<Icon name="person" size={14} />}
        onClick={(event) => onAssign(event.currentTarget)}
      >
        Assign
      </Button>
      {onMerge && (
        <Button
          variant="outlined"
          disabled={busy}
          startIcon={<Icon name="plus" size={14} />}
          data-tip="Makes them one issue, for events to come, too"
          onClick={onMerge}
        >
          Merge
        </Button>
      )}
      <Button variant="text" onClick={onClear}>
        Clear
      </Button>
    </div>
  );
}
