// The field of a query: the browser's own, so that keys, undo and screen readers are as
// everywhere, with a list of what could stand where one types.
import { type CSSProperties, type KeyboardEvent, type RefObject, useId, useRef, useState } from "react";
import type { Table } from "./api/listTables";
import { type Completion, completionsAt, wordAt } from "./complete";
import styles from "./sql.module.css";

interface Props {
  text: string;
  tables: readonly Table[];
  field: RefObject<HTMLTextAreaElement | null>;
  faultId: string | undefined;
  onChange: (text: string) => void;
  onRun: () => void;
}

interface Open {
  at: number;
  list: readonly Completion[];
  /** -1: none is marked. */
  active: number;
}

/** Lines of the field at least and at most. */
const ROWS_MIN = 8;
const ROWS_MAX = 22;

export function SqlEditor({ text, tables, field, faultId, onChange, onRun }: Props) {
  const id = useId();
  const [open, setOpen] = useState<Open | null>(null);
  const [scrolled, setScrolled] = useState({ left: 0, top: 0 });
  const composing = useRef(false);
  const offer = (next: string, at: number, asked: boolean) => {
    const list = composing.current ? [] : completionsAt(next, at, tables);
    setOpen(list.length > 0 ? { at, list, active: asked ? 0 : -1 } : null);
  };
  const pick = (completion: Completion | undefined) => {
    if (!completion || !open) return;
    const { start } = wordAt(text, open.at);
    const before = text.slice(0, start) + completion.text;
    setOpen(null);
    onChange(before + text.slice(open.at));
    // The caret is put once the field has the text.
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(before.length, before.length);
    });
  };
  /** Whether the key was for the list. */
  const listKey = (event: KeyboardEvent): boolean => {
    if (!open) return false;
    const { list, active } = open;
    const last = list.length - 1;
    if (event.key === "ArrowDown") setOpen({ ...open, active: active >= last ? 0 : active + 1 });
    else if (event.key === "ArrowUp" && active >= 0) setOpen({ ...open, active: active === 0 ? last : active - 1 });
    else if (event.key === "Escape") setOpen(null);
    else if (event.key === "Tab" && !event.shiftKey) pick(list[Math.max(0, active)]);
    else if (event.key === "Enter" && active >= 0) pick(list[active]);
    else return false;
    return true;
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      event.preventDefault();
      setOpen(null);
      onRun();
    } else if (event.ctrlKey && event.key === " ") {
      event.preventDefault();
      offer(text, event.currentTarget.selectionStart, true);
    } else if (listKey(event)) event.preventDefault();
  };
  const lines = text.split("\n").length;
  return (
    <div className={styles.editor}>
      <textarea
        ref={field}
        id="sql"
        aria-label="Query"
        aria-invalid={faultId !== undefined}
        aria-describedby={faultId}
        aria-autocomplete="list"
        aria-controls={open ? id : undefined}
        aria-activedescendant={open && open.active >= 0 ? `${id}-${open.active}` : undefined}
        rows={Math.min(ROWS_MAX, Math.max(ROWS_MIN, lines + 1))}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        wrap="off"
        placeholder="SELECT title, sum(weight) AS events FROM events GROUP BY title ORDER BY events DESC LIMIT 20"
        value={text}
        onChange={({ target }) => {
          onChange(target.value);
          offer(target.value, target.selectionStart, false);
        }}
        onCompositionStart={() => {
          composing.current = true;
        }}
        onCompositionEnd={() => {
          composing.current = false;
        }}
        onScroll={({ currentTarget: { scrollLeft, scrollTop } }) => setScrolled({ left: scrollLeft, top: scrollTop })}
        onKeyDown={onKeyDown}
        onClick={() => setOpen(null)}
        onBlur={() => setOpen(null)}
      />
      {open && (
        <div
          id={id}
          role="listbox"
          aria-label="Completions"
          className={styles.completions}
          style={caretOf(text, open.at, scrolled)}
        >
          {open.list.map((each, index) => (
            <div
              key={each.text}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === open.active}
              className={styles.completion}
              // The focus stays in the field.
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => pick(each)}
            >
              <code>{each.text}</code>
              <span>{each.about}</span>
            </div>
          ))}
        </div>
      )}
    </div>
  );
}

/** Where the caret is: letters are of one width. */
function caretOf(text: string, at: number, { left, top }: { left: number; top: number }): CSSProperties {
  const { start } = wordAt(text, at);
  const before = text.slice(0, start);
  const line = before.split("\n").length;
  const column = start - (before.lastIndexOf("\n") + 1);
  return { "--column": column, "--line": line, "--left": `${left}px`, "--top": `${top}px` } as CSSProperties;
}
