// The list's keys. The row that the keyboard is on is the one whose link has the
// focus, so Enter, screen readers and the visible focus need nothing of ours.
import { type RefObject, useEffect, useRef } from "react";
import type { Issue } from "@/gen/errata/v1/issue_pb";

interface ListKeys {
  list: RefObject<HTMLElement | null>;
  issues: readonly Issue[];
  /** Selected by checkbox; actions are for them, else for the focused row. */
  chosen: readonly Issue[];
  onResolve: (issues: Issue[]) => void;
  onIgnore: (issues: Issue[]) => void;
  onAssign: (issues: Issue[], anchor: HTMLElement) => void;
  onToggle: (id: string) => void;
  onSearch: () => void;
  onHelp: () => void;
  onEscape: () => void;
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) && target.getAttribute("type") !== "checkbox";

export function useListKeys(keys: ListKeys): void {
  const latest = useRef(keys);
  /** The place of the row that an action may have taken away. */
  const lost = useRef<number | null>(null);
  useEffect(() => {
    latest.current = keys;
    const index = lost.current;
    if (index === null) return;
    const rows = links(keys.list.current);
    if (document.activeElement === document.body) rows[Math.min(index, rows.length - 1)]?.focus();
  });

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector('[role="dialog"],[role="menu"]')) return;
      if (handle(event.key, latest.current, lost)) event.preventDefault();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}

const links = (list: HTMLElement | null): HTMLAnchorElement[] => [...(list?.querySelectorAll<HTMLAnchorElement>("a[data-issue]") ?? [])];

/** Whether the key was one of ours. */
function handle(key: string, keys: ListKeys, lost: { current: number | null }): boolean {
  const rows = links(keys.list.current);
  const row = document.activeElement?.closest("[data-selected]");
  const at = rows.findIndex((link) => row?.contains(link));
  const focused = rows[at];
  const issue = keys.issues.find((each) => each.id === focused?.dataset["issue"]);
  const targets = keys.chosen.length > 0 ? [...keys.chosen] : issue ? [issue] : [];
  const move = (to: number) => {
    const link = rows[Math.max(0, Math.min(to, rows.length - 1))];
    link?.focus();
    link?.scrollIntoView({ block: "nearest" });
    lost.current = null;
  };
  switch (key) {
    case "j":
      move(at + 1);
      return true;
    case "k":
      move(at === -1 ? 0 : at - 1);
      return true;
    case "e":
      lost.current = at === -1 ? null : at;
      if (targets.length > 0) keys.onResolve(targets);
      return true;
    case "i":
      lost.current = at === -1 ? null : at;
      if (targets.length > 0) keys.onIgnore(targets);
      return true;
    case "a":
      if (targets.length > 0) keys.onAssign(targets, focused ?? keys.list.current ?? document.body);
      return true;
    case "x":
      if (issue) keys.onToggle(issue.id);
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
