// The list's keys. The row that the keyboard is on is the one whose link has the
// focus, so Enter, screen readers and the visible focus need nothing of ours.
//
// A key that changes data acts only while a row has the focus, which nothing but the
// reader puts there: a word whose field lost the focus must not become commands.
import { type RefObject, useEffect, useRef } from "react";
import type { Issue } from "@/gen/errata/v1/issue_pb";
import { isTyping } from "@/shared/keys/isTyping";

interface ListKeys {
  list: RefObject<HTMLElement | null>;
  issues: readonly Issue[];
  /** Selected by checkbox; actions are for them, else for the focused row. */
  chosen: readonly Issue[];
  /** Brings a row into view, so that it is drawn. */
  scrollTo: (index: number) => void;
  onResolve: (issues: readonly Issue[]) => void;
  onIgnore: (issues: readonly Issue[]) => void;
  onAssign: (issues: readonly Issue[], anchor: HTMLElement) => void;
  onToggle: (id: string, extend: boolean) => void;
  onSearch: () => void;
  onHelp: () => void;
  onEscape: () => void;
}

/** Where the keyboard is. */
interface Place {
  /** The row that has the focus, or is to have it as soon as it is drawn. */
  id: string | null;
  /** Whether the focus is still to be moved there. */
  moving: boolean;
}

const linkOf = (list: HTMLElement | null, id: string): HTMLAnchorElement | null =>
  list?.querySelector<HTMLAnchorElement>(`a[data-issue="${CSS.escape(id)}"]`) ?? null;

const idOf = (element: Element | null): string | null =>
  element?.closest("[data-row]")?.getAttribute("data-row") ?? null;

export function useListKeys(keys: ListKeys): void {
  const latest = useRef(keys);
  const place = useRef<Place>({ id: null, moving: false });

  // Rows are drawn when they come into view: the focus follows as soon as it can.
  useEffect(() => {
    latest.current = keys;
    arrive(place.current, keys.list.current);
  });

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (
        event.defaultPrevented ||
        event.isComposing ||
        event.ctrlKey ||
        event.metaKey ||
        event.altKey ||
        isTyping(event.target)
      )
        return;
      if (document.querySelector('[role="dialog"],[role="menu"]')) return;
      if (handle(event.key, event.shiftKey, latest.current, place.current)) event.preventDefault();
    };
    const onFocus = (event: FocusEvent) => {
      const id = idOf(event.target instanceof Element ? event.target : null);
      if (id !== null) place.current.id = id;
      // Whatever was on its way: the reader has gone elsewhere.
      place.current.moving = false;
    };
    const onPointer = () => {
      place.current.moving = false;
    };
    window.addEventListener("keydown", onKey);
    document.addEventListener("focusin", onFocus);
    document.addEventListener("pointerdown", onPointer);
    return () => {
      window.removeEventListener("keydown", onKey);
      document.removeEventListener("focusin", onFocus);
      document.removeEventListener("pointerdown", onPointer);
    };
  }, []);
}

function arrive(place: Place, list: HTMLElement | null): void {
  if (!place.moving || place.id === null) return;
  const link = linkOf(list, place.id);
  if (!link) return;
  link.focus({ preventScroll: true });
  place.moving = false;
}

function go(place: Place, keys: ListKeys, index: number): void {
  const issue = keys.issues[Math.max(0, Math.min(index, keys.issues.length - 1))];
  if (!issue) return;
  place.id = issue.id;
  place.moving = true;
  keys.scrollTo(keys.issues.indexOf(issue));
  const link = linkOf(keys.list.current, issue.id);
  if (!link) return;
  link.focus({ preventScroll: true });
  place.moving = false;
}

/** Whether the key was one of ours. */
function handle(key: string, shift: boolean, keys: ListKeys, place: Place): boolean {
  const active = document.activeElement;
  const focused = idOf(active) ?? (place.moving && (active === null || active === document.body) ? place.id : null);
  const at = keys.issues.findIndex((issue) => issue.id === (focused ?? place.id));
  const issue = focused === null ? undefined : keys.issues[at];
  const onToolbar = active?.closest("[role='toolbar']") !== null && keys.list.current?.contains(active) === true;
  const armed = issue !== undefined || onToolbar;
  const targets: readonly Issue[] = !armed ? [] : keys.chosen.length > 0 ? keys.chosen : issue ? [issue] : [];

  /** On to the next row before the change takes this one away: the next key press is for that one. */
  const moveOn = () => {
    const gone = new Set(targets.map((each) => each.id));
    const rest = (each: Issue) => !gone.has(each.id);
    const next = keys.issues.slice(at + 1).find(rest) ?? keys.issues.slice(0, Math.max(0, at)).findLast(rest);
    if (next) go(place, keys, keys.issues.indexOf(next));
  };

  switch (key) {
    case "j":
      go(place, keys, at + 1);
      return true;
    case "k":
      go(place, keys, at === -1 ? 0 : at - 1);
      return true;
    case "e":
    case "i":
      if (targets.length === 0) return false;
      moveOn();
      (key === "e" ? keys.onResolve : keys.onIgnore)(targets);
      return true;
    case "a":
      if (targets.length === 0) return false;
      keys.onAssign(
        targets,
        (focused === null ? null : linkOf(keys.list.current, focused)) ?? keys.list.current ?? document.body,
      );
      return true;
    case "x":
    case "X":
      if (!issue) return false;
      keys.onToggle(issue.id, shift);
      return true;
    case "/":
      keys.onSearch();
      return true;
    case "?":
      keys.onHelp();
      return true;
    case "Escape":
      keys.onEscape();
      return true;
    default:
      return false;
  }
}
