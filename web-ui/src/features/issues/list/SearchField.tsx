// The search field. It stays what and where it is while the list changes around it:
// what is typed is never lost, and the focus stays.
import { type RefObject, useEffect, useRef, useState } from "react";
import { Kbd } from "@/shared/ui/bits";
import { Icon } from "@/shared/ui/Icon";
import { TEXT_MAX } from "./search";
import styles from "./list.module.css";

/** Typing settles for this long before the list changes. */
const SETTLE_MS = 300;

interface SearchFieldProps {
  /** What the URL says. */
  text: string;
  field: RefObject<HTMLInputElement | null>;
  /** `replace`: the search goes on, so that one search is one step back. */
  onChange: (text: string, replace: boolean) => void;
}

const HINT = "Words of title and culprit, an id, or is:new, is:regressed, level:error, release:…";

export function SearchField({ text, field, onChange }: SearchFieldProps) {
  const [draft, setDraft] = useState(text);
  /** What the field itself wrote to the URL last: only what others write there replaces the draft. */
  const written = useRef(text);
  const going = useRef(false);
  const composing = useRef(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
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
    write(draft);
    going.current = false;
  };

  return (
    <label className={styles.search} data-tip={HINT}>
      <Icon name="search" />
      <input
        ref={field}
        type="search"
        placeholder="Search titles, culprits, ids"
        aria-label="Search titles, culprits, ids"
        autoComplete="off"
        spellCheck={false}
        maxLength={TEXT_MAX}
        value={draft}
        onChange={(event) => {
          setDraft(event.target.value);
          settle(event.target.value);
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
          if (event.key === "Enter") finish();
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      <Kbd>/</Kbd>
    </label>
  );
}
