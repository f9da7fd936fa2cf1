// The issue page's keys. They act on the issue that is shown, never while a reader
// types or a menu is open.
import { useEffect, useRef } from "react";
import { isTyping } from "@/shared/keys/isTyping";

export type IssueKey = "j" | "k" | "[" | "]" | "e" | "E" | "i" | "a" | "Escape" | "?";

/** `actions` may leave keys out: those do nothing. */
export function useIssueKeys(actions: Partial<Record<IssueKey, (() => void) | undefined>>): void {
  const latest = useRef(actions);
  useEffect(() => {
    latest.current = actions;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      if (isTyping(event.target) || document.querySelector('[role="dialog"],[role="menu"]')) return;
      const act = latest.current[event.key as IssueKey];
      if (!act) return;
      event.preventDefault();
      act();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}
