// All events that the page's search finds, as a file: the server sends it, the browser saves it.
import MenuItem from "@mui/material/MenuItem";
import { MenuButton } from "@/shared/ui/MenuButton";
import { exportAddress, type ExportFormat } from "./exportAddress";
import type { EventListSearch } from "./eventList";

const FORMS: [ExportFormat, string][] = [
  ["jsonl", "JSON lines"],
  ["csv", "CSV"],
  ["parquet", "Parquet"],
];

export function ExportMenu({ search }: { search: EventListSearch }) {
  return (
    <MenuButton label="Export all that is found" text="Export">
      {(close) =>
        // Addresses are of the moment that the menu opens: a range up to now ends then.
        FORMS.map(([format, name]) => (
          <MenuItem
            key={format}
            component="a"
            href={exportAddress(search, format, Date.now())}
            download
            onClick={close}
          >
            {name}
          </MenuItem>
        ))
      }
    </MenuButton>
  );
}
