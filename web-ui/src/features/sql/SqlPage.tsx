// Asks in SQL: an editor, what can be asked of, the rows and a picture of them.
import Button from "@mui/material/Button";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import MenuItem from "@mui/material/MenuItem";
import { useEffect, useId, useRef, useState } from "react";
import { useNotices } from "@/shared/state/notices";
import { failureOf } from "@/shared/format/failure";
import { exactCount, plural } from "@/shared/format/count";
import { duration } from "@/shared/format/time";
import { Kbd, PageHead, Segments } from "@/shared/ui/bits";
import { Dialog } from "@/shared/ui/Dialog";
import { MenuButton } from "@/shared/ui/MenuButton";
import { EmptyState } from "@/shared/ui/states";
import { useParamsNow } from "@/shared/url/params";
import { useTables } from "./api/listTables";
import { type Answer, download, ROWS_MAX, useRunQuery, type Value } from "./api/runQuery";
import { examples } from "./examples";
import { Fault } from "./Fault";
import { Results, WholeRow } from "./Results";
import { drawingOf } from "./rows";
import { useKept } from "./saved";
import { Side } from "./Side";
import { SqlChart } from "./SqlChart";
import { SqlEditor } from "./SqlEditor";
import styles from "./sql.module.css";

/** Longer queries are not in the address: not every proxy lets it pass. */
const ADDRESS_MAX = 4_000;

export function SqlPage() {
  const [params, write] = useParamsNow();
  const asked = params.get("query") ?? "";
  const kept = useKept();
  const [text, setText] = useState(asked || kept.draft || (examples[0]?.text ?? ""));
  const [answered, setAnswered] = useState<{ text: string; answer: Answer } | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const faultId = useId();
  const { run, cancel } = useRunQuery();
  const change = (next: string) => {
    setText(next);
    kept.setDraft(next);
  };
  // Back and forward bring the query that was run there.
  useEffect(() => {
    if (asked !== "") setText(asked);
  }, [asked]);
  // Who leaves does not wait.
  const leave = useRef(cancel);
  useEffect(() => {
    leave.current = cancel;
  });
  useEffect(() => () => leave.current(), []);
  const go = (query: string) => {
    if (query.trim() === "" || run.isPending) return;
    kept.ran(query, Date.now());
    if (query !== asked && query.length <= ADDRESS_MAX) write(() => new URLSearchParams({ query }));
    run.mutate(query, { onSuccess: (answer) => setAnswered({ text: query, answer }) });
  };
  const open = (query: string) => {
    change(query);
    field.current?.focus();
  };
  const insert = (name: string) => {
    const element = field.current;
    const [start, end] = [element?.selectionStart ?? text.length, element?.selectionEnd ?? text.length];
    change(text.slice(0, start) + name + text.slice(end));
    requestAnimationFrame(() => {
      element?.focus();
      element?.setSelectionRange(start + name.length, start + name.length);
    });
  };
  const isGivenUp = run.error instanceof DOMException && run.error.name === "AbortError";
  const isFaulty = run.isError && !isGivenUp;
  return (
    <>
      <PageHead title="SQL" />
      <div className={styles.page}>
        <div className={styles.main}>
          <SqlEditor
            text={text}
            tables={useTables().data ?? []}
            field={field}
            faultId={isFaulty ? faultId : undefined}
            onChange={change}
            onRun={() => go(text)}
          />
          <div className={styles.bar}>
            {run.isPending ? (
              <Button variant="outlined" onClick={cancel}>
                Cancel
              </Button>
            ) : (
              <Button variant="contained" disableElevation onClick={() => go(text)}>
                Run
              </Button>
            )}
            <span className={styles.keys}>
              <Kbd>Ctrl</Kbd> <Kbd>Enter</Kbd>
            </span>
            <Save text={text} />
            <span className={styles.grow} />
            <span role="status" className={styles.status}>
              {run.isPending ? "Running…" : isGivenUp ? "Given up" : ""}
            </span>
          </div>
          {isFaulty && (
            <Fault
              id={faultId}
              text={run.variables}
              error={run.error}
              onGo={(start, end) => {
                field.current?.focus();
                field.current?.setSelectionRange(start, end);
              }}
              onMend={(next) => {
                change(next);
                go(next);
              }}
            />
          )}
          {answered ? (
            <Answered key={answered.text} {...answered} isOld={run.isPending || isFaulty} />
          ) : (
            !isFaulty && (
              <EmptyState icon="database" title="Ask what no page asks">
                Every event, issues, counts and what became of them, of the projects that you see. Reads only.
              </EmptyState>
            )
          )}
        </div>
        <Side onInsert={insert} onOpen={open} />
      </div>
    </>
  );
}

function Save({ text }: { text: string }) {
  const save = useKept((kept) => kept.save);
  const [name, setName] = useState<string | null>(null);
  if (name === null) {
    return (
      <Button variant="text" color="inherit" disabled={text.trim() === ""} onClick={() => setName("")}>
        Save
      </Button>
    );
  }
  return (
    <form
      className={styles.save}
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() !== "") save(name.trim(), text);
        setName(null);
      }}
    >
      <input
        autoFocus
        aria-label="Name of the query"
        placeholder="Name"
        maxLength={80}
        value={name}
        onChange={(event) => setName(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") setName(null);
        }}
      />
      <Button type="submit" variant="outlined" disabled={name.trim() === ""}>
        Save
      </Button>
    </form>
  );
}

function Answered({ text, answer, isOld }: { text: string; answer: Answer; isOld: boolean }) {
  const [view, setView] = useState<"table" | "chart">("table");
  const [row, setRow] = useState<readonly Value[] | null>(null);
  const drawing = drawingOf(answer);
  const rows = plural(answer.rows.length, "row");
  return (
    <section aria-label="Answer" className={styles.answer} data-old={isOld}>
      <div className={styles.bar}>
        {drawing && (
          <Segments
            label="Show as"
            value={view}
            options={[
              ["table", "Table"],
              ["chart", "Chart"],
            ]}
            onChange={setView}
          />
        )}
        <span className={styles.status}>
          {answer.truncated ? `The first ${exactCount(ROWS_MAX)} rows` : rows}, {duration(answer.elapsed_ms)}
        </span>
        <span className={styles.grow} />
        <Download text={text} />
      </div>
      {answer.error && (
        <p role="alert" className={styles.ended}>
          It ended early: {answer.error.message}.
        </p>
      )}
      {answer.rows.length === 0 ? (
        <EmptyState icon="search" title="No rows">
          Nothing passes. A filter may be too narrow, or the range of time.
        </EmptyState>
      ) : view === "chart" && drawing ? (
        <SqlChart answer={answer} drawing={drawing} />
      ) : (
        <Results answer={answer} onRow={setRow} />
      )}
      <Dialog open={row !== null} onClose={() => setRow(null)} maxWidth="md" fullWidth>
        <DialogTitle>Row</DialogTitle>
        <DialogContent>{row && <WholeRow answer={answer} row={row} />}</DialogContent>
      </Dialog>
    </section>
  );
}

/** All rows, not those in view alone. */
function Download({ text }: { text: string }) {
  const show = useNotices((state) => state.show);
  const [busy, setBusy] = useState(false);
  const fetchIt = async (form: "csv" | "json") => {
    setBusy(true);
    try {
      const blob = await download(text, form, AbortSignal.timeout(10 * 60_000));
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = `errata.${form}`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    } catch (cause) {
      show(`Not downloaded: ${failureOf(cause).reason}.`);
    } finally {
      setBusy(false);
    }
  };
  return (
    <MenuButton label="Download" text={busy ? "Downloading…" : "Download"} disabled={busy}>
      {(close) =>
        (["csv", "json"] as const).map((form) => (
          <MenuItem
            key={form}
            onClick={() => {
              close();
              void fetchIt(form);
            }}
          >
            {form.toUpperCase()}, all rows
          </MenuItem>
        ))
      }
    </MenuButton>
  );
}
