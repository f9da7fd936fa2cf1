// The list one came from, to walk on from an issue to the next without going back: its
// issues in the order they stood in, whatever becomes of them meanwhile.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { listIssuesQuery } from "../api/listIssues";
import { flatten } from "../list/liveMerge";
import { parseSearch } from "../list/search";
import { useWalk } from "../walkState";

/** More ids than anybody walks through in one sitting. */
const IDS_MAX = 2000;
/** The next page is fetched this many issues before the end of the known ones. */
const AHEAD = 3;

/** `known` with what of `found` is new, in their order; the list as it is now if `current` is not in it. */
export function joined(known: readonly string[], found: readonly string[], current: string): readonly string[] {
  if (!known.includes(current)) return found.slice(0, IDS_MAX);
  const old = new Set(known);
  // A list that is full stays the same one: whoever takes a new one looks again.
  const fresh = found.filter((id) => !old.has(id)).slice(0, Math.max(0, IDS_MAX - known.length));
  return fresh.length === 0 ? known : [...known, ...fresh];
}

export interface Place {
  /** From 1; 0: not in the list. */
  number: number;
  total: number;
  previous: string | undefined;
  next: string | undefined;
}

export function placeIn(ids: readonly string[], total: number, current: string): Place {
  const at = ids.indexOf(current);
  if (at === -1) return { number: 0, total: 0, previous: undefined, next: undefined };
  return { number: at + 1, total: Math.max(total, ids.length), previous: ids[at - 1], next: ids[at + 1] };
}

/** Where the issue stands in the list one came from. */
export function usePlace(issueId: string): Place {
  const { search, ids, total, take } = useWalk();
  // Reads what the list has fetched; fetches only to go on beyond it.
  const query = useInfiniteQuery({
    ...listIssuesQuery(parseSearch(new URLSearchParams(search ?? ""))),
    enabled: false,
  });
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  useEffect(() => {
    if (search === null || data === undefined) return;
    const found = flatten(data).map((issue) => issue.id);
    const next = joined(ids, found, issueId);
    if (next !== ids && next.includes(issueId)) take(next, ids.includes(issueId) ? total : (data.pages[0]?.total ?? 0));
  }, [search, data, ids, total, issueId, take]);
  const at = ids.indexOf(issueId);
  const nearEnd = at !== -1 && at >= ids.length - AHEAD;
  useEffect(() => {
    if (nearEnd && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [nearEnd, hasNextPage, isFetchingNextPage, fetchNextPage]);
  return placeIn(ids, total, issueId);
}
