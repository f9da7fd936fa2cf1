// Beside the editor: what can be asked of, what was kept, what was run.
import { useState } from "react";
import { RelativeTime, Segments } from "@/shared/ui/bits";
import { fromDate } from "@/shared/format/time";
import { Icon } from "@/shared/ui/Icon";
import { ErrorState } from "@/shared/ui/states";
import { type Table, useTables } from "./api/listTables";
import { examples } from "./examples";
import { useKept } from "./saved";
import styles from "./sql.module.css";

type Tab = "tables" | "saved" | "history";

const TABS = [
  ["tables", "Tables"],
  ["saved", "Saved"],
  ["history", "History"],
] as const;

interface Props {
  /** Puts a name where the caret is. */
  onInsert: (text: string) => void;
  /** Puts a query in the place of what is there. */
  onOpen: (text: string) => void;
}

export function Side({ onInsert, onOpen }: Props) {
  const [tab, setTab] = useState<Tab>("tables");
  return (
    <aside className={styles.side} aria-label="Tables and queries">
      <Segments label="Show" value={tab} options={TABS} onChange={setTab} />
      {tab === "tables" && <Tables onInsert={onInsert} />}
      {tab === "saved" && <SavedQueries onOpen={onOpen} />}
      {tab === "history" && <History onOpen={onOpen} />}
    </aside>
  );
}

function Tables({ onInsert }: { onInsert: (text: string) => void }) {
  const { data, error, refetch } = useTables();
  if (error) return <ErrorState error={error} retry={() => void refetch()} />;
  return (
    <ul className={styles.tables}>
      {(data ?? []).map((table) => (
        <li key={table.name}>
          <TableOf table={table} onInsert={onInsert} />
        </li>
      ))}
    </ul>
  );
}

function TableOf({ table, onInsert }: { table: Table; onInsert: (text: string) => void }) {
  return (
    <details open={table.name === "events"}>
      <summary data-tip={table.about}>
        <Icon name="chevronRight" size={12} />
        <code>{table.name}</code>
        <small>{table.columns.length}</small>
      </summary>
      <ul>
        {table.columns.map((column) => (
          <li key={column.name}>
            <button
              type="button"
              aria-label={`Insert ${column.name}`}
              data-tip={column.about.replaceAll("`", "") || undefined}
              onClick={() => onInsert(column.name === "user" ? '"user"' : column.name)}
            >
              <code>{column.name}</code>
              <small>{column.type}</small>
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}

function SavedQueries({ onOpen }: { onOpen: (text: string) => void }) {
  const { saved, forget } = useKept();
  return (
    <>
      {saved.length === 0 && <p className={styles.hint}>“Save” keeps a query here, on this device.</p>}
      <ul className={styles.queries}>
        {saved.map(({ name, text }) => (
          <li key={name}>
            <button type="button" onClick={() => onOpen(text)}>
              <b>{name}</b>
              <code>{text}</code>
            </button>
            <button type="button" className={styles.forget} aria-label={`Forget ${name}`} onClick={() => forget(name)}>
              <Icon name="close" size={12} />
            </button>
          </li>
        ))}
      </ul>
      <h3>Examples</h3>
      <ul className={styles.queries}>
        {examples.map(({ name, text }) => (
          <li key={name}>
            <button type="button" onClick={() => onOpen(text)}>
              <b>{name}</b>
              <code>{text}</code>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function History({ onOpen }: { onOpen: (text: string) => void }) {
  const history = useKept((kept) => kept.history);
  if (history.length === 0) return <p className={styles.hint}>Queries that were run stand here, on this device.</p>;
  return (
    <ul className={styles.queries}>
      {history.map(({ text, atMs }) => (
        <li key={text}>
          <button type="button" onClick={() => onOpen(text)}>
            <code>{text}</code>
            <small>
              <RelativeTime time={timestamp(atMs)} suffix=" ago" />
            </small>
          </button>
        </li>
      ))}
    </ul>
  );
}

const timestamp = (atMs: number) => ({ $typeName: "google.protobuf.Timestamp" as const, ...fromDate(new Date(atMs)) });
