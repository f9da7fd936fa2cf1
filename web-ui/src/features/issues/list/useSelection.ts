// Which issues are selected: some rows, or everything that matches, loaded or not.
import { useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Issue } from "@/gen/errata/v1/issue_pb";

export interface Selection {
  /** The selected rows, as they are now. */
  chosen: readonly Issue[];
  has: (id: string) => boolean;
  /** Everything that matches, not the rows alone. */
  everything: boolean;
  /** `extend`: from the row toggled last up to this one. */
  toggle: (id: string, extend: boolean) => void;
  set: (issues: readonly Issue[]) => void;
  setEverything: () => void;
  clear: () => void;
}

const NOTHING: ReadonlyMap<string, Issue> = new Map();

/** `rows` in their order; another `listKey` is another list, of which nothing is selected. */
export function useSelection(rows: readonly Issue[], listKey: string): Selection {
  const [state, setState] = useState({ listKey, picked: NOTHING, everything: false });
  const now = state.listKey === listKey ? state : { listKey, picked: NOTHING, everything: false };
  const anchor = useRef<string | null>(null);
  const latest = useRef({ rows, now });
  useLayoutEffect(() => {
    latest.current = { rows, now };
  });

  const put = useCallback(
    (picked: ReadonlyMap<string, Issue>, everything = false) =>
      setState({ listKey: latest.current.now.listKey, picked, everything }),
    [],
  );
  const clear = useCallback(() => put(NOTHING), [put]);
  const set = useCallback((issues: readonly Issue[]) => put(new Map(issues.map((issue) => [issue.id, issue]))), [put]);
  const setEverything = useCallback(
    () => put(new Map(latest.current.rows.map((issue) => [issue.id, issue])), true),
    [put],
  );
  const toggle = useCallback(
    (id: string, extend: boolean) => {
      const { rows: all, now: before } = latest.current;
      const at = all.findIndex((issue) => issue.id === id);
      const from = extend && anchor.current !== null ? all.findIndex((issue) => issue.id === anchor.current) : -1;
      const select = !before.picked.has(id);
      const touched = from === -1 ? all.slice(at, at + 1) : all.slice(Math.min(from, at), Math.max(from, at) + 1);
      const picked = new Map(before.picked);
      for (const issue of touched) {
        if (select) picked.set(issue.id, issue);
        else picked.delete(issue.id);
      }
      anchor.current = id;
      put(picked);
    },
    [put],
  );

  const { picked, everything } = now;
  const chosen = useMemo(() => {
    if (picked.size === 0) return [];
    // Of ten thousand rows few are selected: only those are gathered.
    const current = new Map<string, Issue>();
    for (const issue of rows) if (picked.has(issue.id)) current.set(issue.id, issue);
    return [...picked.values()].map((issue) => current.get(issue.id) ?? issue);
  }, [picked, rows]);
  const has = useCallback((id: string) => everything || picked.has(id), [everything, picked]);
  return { chosen, has, everything, toggle, set, setEverything, clear };
}
