// Stands in the place of the table's head while rows are selected.
import Button from "@mui/material/Button";
import Checkbox from "@mui/material/Checkbox";
import { plural } from "@/shared/format/count";
import type { StatusName } from "@/shared/format/issue";
import { Icon } from "@/shared/ui/Icon";
import styles from "./list.module.css";

interface SelectionBarProps {
  count: number;
  all: boolean;
  onAll: () => void;
  onStatus: (status: StatusName) => void;
  onAssign: (anchor: HTMLElement) => void;
  onClear: () => void;
}

export function SelectionBar({ count, all, onAll, onStatus, onAssign, onClear }: SelectionBarProps) {
  return (
    <div className={styles.selection} role="toolbar" aria-label="Selected issues">
      <Checkbox checked={all} indeterminate={!all} onChange={onAll} slotProps={{ input: { "aria-label": "Select all shown" } }} />
      <span className={styles.selectionCount}>{plural(count, "issue")} selected</span>
      <Button variant="outlined" startIcon={<Icon name="check" size={14} />} onClick={() => onStatus("resolved")}>
        Resolve
      </Button>
      <Button variant="outlined" startIcon={<Icon name="mute" size={14} />} onClick={() => onStatus("ignored")}>
        Ignore
      </Button>
      <Button variant="outlined" startIcon={<Icon name="reopen" size={14} />} onClick={() => onStatus("unresolved")}>
        Reopen
      </Button>
      <Button variant="outlined" startIcon={<Icon name="person" size={14} />} onClick={(event) => onAssign(event.currentTarget)}>
        Assign
      </Button>
      <Button variant="text" onClick={onClear}>
        Clear
      </Button>
    </div>
  );
}
