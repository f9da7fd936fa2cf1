// The query of the address, read and changed. A change builds on what was written last,
// shown or not: between a press and the page that shows it there may be another press.
import { useCallback, useLayoutEffect } from "react";
import { type NavigateOptions, useLocation, useNavigate, useSearchParams } from "react-router";

/** What changes, or what changes given what is there now: for a press that toggles. */
export type ChangeOf<T> = Partial<T> | ((now: T) => Partial<T>);

export const changed = <T extends object>(now: T, change: ChangeOf<T>): T => ({
  ...now,
  ...(typeof change === "function" ? change(now) : change),
});

export type WriteParams = (write: (now: URLSearchParams) => URLSearchParams, options?: NavigateOptions) => void;

/** Addresses on their way to the screen, oldest first: there is one address, whoever writes to it. */
let written: { path: string; query: string }[] = [];

/** `path` with `query` is on the screen: what was written before it is past. What others brought there ends it all. */
function arrive(path: string, query: string): void {
  const at = written.findLastIndex((each) => each.path === path && each.query === query);
  // It stays as the first: each part of a page that reads the address sees it arrive.
  written = at === -1 ? [] : written.slice(at);
}

export function useParamsNow(): [URLSearchParams, WriteParams] {
  const [params] = useSearchParams();
  const location = useLocation();
  const path = location.pathname;
  const navigate = useNavigate();
  const query = params.toString();
  useLayoutEffect(() => {
    arrive(path, query);
  }, [location, path, query]);
  const write = useCallback<WriteParams>(
    (change, options = {}) => {
      const newest = written.findLast((each) => each.path === path)?.query ?? query;
      const next = change(new URLSearchParams(newest)).toString();
      written.push({ path, query: next });
      void navigate(`?${next}`, options);
    },
    [path, query, navigate],
  );
  return [params, write];
}
