// The search field. It stays what and where it is while the list changes around it:
// what is typed is never lost, and the focus stays.
import { type KeyboardEvent, type RefObject, useEffect, useId, useRef, useState } from "react";
import type { QueryCompletion } from "@/gen/errata/v1/issue_pb";
import { Kbd } from "@/shared/ui/bits";
import { Icon } from "@/shared/ui/Icon";
import { type Typed, useCompletions } from "../api/completeQuery";
import { Completions } from "./Completions";
import { charactersBefore, completed } from "./queryText";
import { TEXT_MAX } from "./search";
import styles from "./list.module.css";
import query from "./query.module.css";

/** Typing settles for this long before the list changes. */
const SETTLE_MS = 300;

interface SearchFieldProps {
  /** What the URL says. */
  text: string;
  /** Whose values are offered; empty: all. */
  projectIds: number[];
  /** The id of what says that the text cannot be read; none: it can be. */
  faultId: string | undefined;
  field: RefObject<HTMLInputElement | null>;
  /** What is searched. */
  label?: string;
  /** Whether the page's "/" leads here. */
  hasKey?: boolean;
  /** `replace`: the search goes on, so that one search is one step back. */
  onChange: (text: string, replace: boolean) => void;
}

const HINT = "Words, an id, or key:value, as in level:error !browser:Safari age:-24h; AND, OR, NOT and parentheses";

/** What is typed, and which completion is marked. */
function useCompleting(projectIds: number[]) {
  const id = useId();
  const [typed, setTyped] = useState<Typed | null>(null);
  const [active, setActive] = useState(-1);
  const answer = useCompletions(typed, projectIds);
  const completions = typed === null ? [] : (answer.data?.completions ?? []);
  const close = () => {
    setTyped(null);
    setActive(-1);
  };
  return {
    id,
    completions,
    active: Math.min(active, completions.length - 1),
    /** What the completions replace; null: they are of what was typed before. */
    place: answer.isPlaceholderData || !answer.data ? null : answer.data,
    setActive,
    close,
    typing: (text: string, unit: number) => {
      setActive(-1);
      setTyped(text.trim() === "" ? null : { text, at: charactersBefore(text, unit) });
    },
  };
}

export function SearchField({
  text,
  projectIds,
  faultId,
  field,
  label = "Search issues",
  hasKey = true,
  onChange,
}: SearchFieldProps) {
  const [draft, setDraft] = useState(text);
  /** What the field itself wrote to the URL last: only what others write there replaces the draft. */
  const written = useRef(text);
  const going = useRef(false);
  const composing = useRef(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const completing = useCompleting(projectIds);
  const change = useRef(onChange);
  useEffect(() => {
    change.current = onChange;
  });

  useEffect(() => {
    if (text === written.current) return;
    written.current = text;
    clearTimeout(timer.current);
    setDraft(text);
  }, [text]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const write = (value: string) => {
    clearTimeout(timer.current);
    const next = value.trim();
    if (next === written.current) return;
    written.current = next;
    change.current(next, going.current);
    going.current = true;
  };
  const settle = (value: string) => {
    clearTimeout(timer.current);
    // A half-composed word is not a word yet.
    if (!composing.current) timer.current = setTimeout(() => write(value), SETTLE_MS);
  };
  /** What comes after is another search, with a step of its own. */
  const finish = () => {
    completing.close();
    write(draft);
    going.current = false;
  };
  const pick = (completion: QueryCompletion | undefined) => {
    if (!completion || !completing.place) return;
    const next = completed(draft, completing.place, completion.text);
    setDraft(next.text);
    settle(next.text);
    // The caret is put once the field has the text.
    requestAnimationFrame(() => field.current?.setSelectionRange(next.caret, next.caret));
    // A key is nothing without its value.
    if (completion.text.endsWith(":")) completing.typing(next.text, next.caret);
    else completing.close();
  };
  /** Whether the key was for the list of completions. */
  const listKey = (event: KeyboardEvent<HTMLInputElement>): boolean => {
    const { completions, active, setActive, close } = completing;
    if (completions.length === 0) return false;
    const last = completions.length - 1;
    if (event.key === "ArrowDown") setActive(active >= last ? 0 : active + 1);
    else if (event.key === "ArrowUp") setActive(active <= 0 ? last : active - 1);
    else if (event.key === "Escape") close();
    else if ((event.key === "Enter" || event.key === "Tab") && active >= 0) pick(completions[active]);
    else return false;
    event.preventDefault();
    return true;
  };
  const isOpen = completing.completions.length > 0;

  return (
    <div className={query.box}>
      <label className={styles.search} data-tip={isOpen ? undefined : HINT}>
        <Icon name="search" />
        <input
          ref={field}
          type="search"
          role="combobox"
          placeholder="Search: words, ids, level:error, !browser:Safari"
          aria-label={label}
          aria-expanded={isOpen}
          aria-controls={isOpen ? completing.id : undefined}
          aria-activedescendant={completing.active >= 0 ? `${completing.id}-${completing.active}` : undefined}
          aria-autocomplete="list"
          aria-invalid={faultId !== undefined}
          aria-describedby={faultId}
          autoComplete="off"
          spellCheck={false}
          maxLength={TEXT_MAX}
          value={draft}
          onChange={(event) => {
            setDraft(event.target.value);
            settle(event.target.value);
            completing.typing(event.target.value, event.target.selectionStart ?? event.target.value.length);
          }}
          onCompositionStart={() => {
            composing.current = true;
            clearTimeout(timer.current);
          }}
          onCompositionEnd={(event) => {
            composing.current = false;
            settle(event.currentTarget.value);
          }}
          onBlur={finish}
          onKeyDown={(event) => {
            if (event.nativeEvent.isComposing) return;
            if (listKey(event)) return;
            if (event.key === "Enter") finish();
            if (event.key === "Escape") event.currentTarget.blur();
          }}
        />
        {hasKey && <Kbd>/</Kbd>}
      </label>
      {isOpen && (
        <Completions id={completing.id} completions={completing.completions} active={completing.active} onPick={pick} />
      )}
    </div>
  );
}
