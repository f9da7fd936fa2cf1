// The list of a picker, with a field that narrows it where it is long. The focus stays
// in the field (in the list where there is none): the choice that Enter takes is marked.
import Popover from "@mui/material/Popover";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { plural } from "../format/count";
import { type Choice, DRAWN_MAX, moved, narrowed, SEARCHED_FROM, startingWith } from "./choices";
import { Icon } from "./Icon";
import type { PickerProps } from "./Picker";
import styles from "./picker.module.css";

/** Pickers belong to the page's content, as menus do. */
const landmark = () => document.getElementById("main") ?? document.body;

/** Where a finger is used the field would bring up a keyboard over half of the list. */
const isTouched = () => window.matchMedia("(pointer: coarse)").matches;

/** Choices in a row under the same heading. */
function inGroups(choices: readonly Choice[]): { name: string; from: number; choices: Choice[] }[] {
  const groups: { name: string; from: number; choices: Choice[] }[] = [];
  choices.forEach((choice, index) => {
    const last = groups.at(-1);
    if (last && last.name === (choice.group ?? "")) last.choices.push(choice);
    else groups.push({ name: choice.group ?? "", from: index, choices: [choice] });
  });
  return groups;
}

export function PickList({ anchor, label, choices, onPick, onAdd, onClose, note }: PickerProps) {
  const id = useId();
  const [text, setText] = useState("");
  const [at, setAt] = useState(() =>
    Math.max(
      0,
      choices.findIndex((choice) => choice.chosen),
    ),
  );
  const list = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const searched = choices.length >= SEARCHED_FROM;
  const found = narrowed(choices, text);
  const shown = found.slice(0, DRAWN_MAX);
  const active = Math.min(at, shown.length - 1);
  const activeId = active >= 0 ? `${id}-${active}` : undefined;

  useEffect(() => {
    // Not scrollIntoView of the page: the list alone scrolls.
    document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: "nearest" });
  }, [id, active, text]);

  const pick = (choice: Choice | undefined, add: boolean) => {
    if (!choice) return;
    if (add && onAdd) return onAdd(choice);
    onPick(choice);
    if (!choice.several) onClose();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const inField = event.target === field.current;
    const letter =
      !inField && event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey
        ? startingWith(shown, event.key, active)
        : null;
    const ends = inField ? undefined : { Home: 0, End: shown.length - 1 }[event.key];
    const to = moved(event.key, active, shown.length) ?? ends ?? letter;
    if (to !== null) setAt(to);
    else if (event.key === "Enter" || (event.key === " " && !inField))
      pick(shown[active], event.ctrlKey || event.metaKey);
    else if (event.key === "Tab") return onClose();
    else if (event.key === "Escape" && text !== "") setText("");
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <Popover
      open
      anchorEl={anchor}
      onClose={onClose}
      container={landmark}
      anchorOrigin={{ vertical: "bottom", horizontal: "left" }}
      slotProps={{
        transition: {
          onEnter: () => (searched && !isTouched() ? field.current : list.current)?.focus({ preventScroll: true }),
        },
        paper: { className: styles.paper ?? "", role: "dialog", "aria-label": label, onKeyDown: onKey },
      }}
      // The focus is where the keys are to go.
      disableAutoFocus
    >
      {searched && (
        <div className={styles.field}>
          <Icon name="search" size={14} />
          <input
            ref={field}
            role="combobox"
            aria-label={`Search: ${label}`}
            aria-expanded="true"
            aria-controls={`${id}-list`}
            aria-activedescendant={activeId}
            aria-autocomplete="list"
            autoComplete="off"
            spellCheck={false}
            placeholder="Type to narrow"
            value={text}
            onChange={(event) => {
              setText(event.target.value);
              setAt(0);
            }}
          />
          {text !== "" && (
            <button
              type="button"
              aria-label="Clear the search"
              onClick={() => {
                setText("");
                field.current?.focus();
              }}
            >
              <Icon name="close" size={12} />
            </button>
          )}
        </div>
      )}
      <div
        ref={list}
        id={`${id}-list`}
        role="listbox"
        aria-label={label}
        aria-multiselectable={choices.some((each) => each.several) || onAdd ? true : undefined}
        tabIndex={0}
        aria-activedescendant={activeId}
        className={styles.list}
      >
        {inGroups(shown).map((group) => {
          const options = group.choices.map((choice, offset) => {
            const index = group.from + offset;
            return (
              <div
                key={choice.id}
                id={`${id}-${index}`}
                role="option"
                aria-selected={choice.chosen ?? false}
                aria-label={choice.text}
                data-active={index === active}
                className={styles.option}
                onPointerMove={() => setAt(index)}
                onClick={(event) => pick(choice, event.ctrlKey || event.metaKey)}
              >
                {onAdd && (
                  <span
                    className={styles.box}
                    data-on={choice.chosen}
                    data-none={choice.id === ""}
                    aria-hidden="true"
                    onClick={(event) => {
                      event.stopPropagation();
                      pick(choice, true);
                    }}
                  >
                    <i>{choice.chosen && <Icon name="check" size={12} />}</i>
                  </span>
                )}
                <span className={styles.text}>{choice.shown ?? choice.text}</span>
                {choice.chosen && !onAdd && <Icon name="check" size={14} />}
              </div>
            );
          });
          return group.name === "" ? (
            options
          ) : (
            <div key={group.name} role="group" aria-label={group.name}>
              <div className={styles.group} aria-hidden="true">
                {group.name}
              </div>
              {options}
            </div>
          );
        })}
      </div>
      <div className={styles.note} role="status">
        {shown.length === 0
          ? `Nothing matches “${text.trim()}”.`
          : found.length > shown.length
            ? `and ${plural(found.length - shown.length, "other")}: type to narrow`
            : (note ?? "")}
      </div>
    </Popover>
  );
}
