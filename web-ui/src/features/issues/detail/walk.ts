// The list one came from, to walk on from an issue to the next without going back: its
// issues in the order they stood in, whatever becomes of them meanwhile.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { listIssuesQuery } from "../api/listIssues";
import { flatten } from "../list/liveMerge";
import { parseSearch } from "../list/search";
import { type Stretch, useWalk } from "../walkState";

/** Ids that are kept, around the issue one is at: more than anybody walks through at once. */
const IDS_MAX = 2000;
/** So many of them before it, when the stretch is moved on. */
const BEHIND = IDS_MAX / 2;
/** The next page is fetched this many issues before the end of the known ones. */
const AHEAD = 3;

/**
 * The stretch to walk on in: `known` while it goes on, with what of the list comes behind
 * it once its end is near; or where the list as it is now has `current`. The list is only
 * read when it must be.
 */
export function joined(known: Stretch, list: () => readonly string[], current: string): Stretch {
  const at = known.ids.indexOf(current);
  if (at !== -1 && at < known.ids.length - AHEAD) return known;
  const found = list();
  if (at === -1) {
    const place = found.indexOf(current);
    if (place === -1) return known;
    const from = Math.max(0, place - BEHIND);
    return { ids: found.slice(from, from + IDS_MAX), before: from };
  }
  const old = new Set(known.ids);
  const last = found.findLastIndex((id) => old.has(id));
  const ids = [...known.ids, ...found.slice(last + 1)];
  if (ids.length === known.ids.length) return known;
  // Far enough back is out of sight.
  const from = ids.length > IDS_MAX ? Math.max(0, at - BEHIND) : 0;
  return { ids: ids.slice(from, from + IDS_MAX), before: known.before + from };
}

export interface Place {
  /** From 1; 0: not in the list. */
  number: number;
  total: number;
  previous: string | undefined;
  next: string | undefined;
}

export function placeIn({ ids, before }: Stretch, total: number, current: string): Place {
  const at = ids.indexOf(current);
  if (at === -1) return { number: 0, total: 0, previous: undefined, next: undefined };
  return {
    number: before + at + 1,
    total: Math.max(total, before + ids.length),
    previous: ids[at - 1],
    next: ids[at + 1],
  };
}

/** Where the issue stands in the list one came from. */
export function usePlace(issueId: string): Place {
  const { search, ids, before, total, take } = useWalk();
  // Reads what the list has fetched; fetches only to go on beyond it.
  const query = useInfiniteQuery({
    ...listIssuesQuery(parseSearch(new URLSearchParams(search ?? ""))),
    enabled: false,
  });
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  useEffect(() => {
    if (search === null || data === undefined) return;
    const known = { ids, before };
    const next = joined(known, () => flatten(data).map((issue) => issue.id), issueId);
    if (next !== known) take(next, ids.includes(issueId) ? total : (data.pages[0]?.total ?? 0));
  }, [search, data, ids, before, total, issueId, take]);
  const at = ids.indexOf(issueId);
  const nearEnd = at !== -1 && at >= ids.length - AHEAD;
  useEffect(() => {
    if (nearEnd && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [nearEnd, hasNextPage, isFetchingNextPage, fetchNextPage]);
  return placeIn({ ids, before }, total, issueId);
}
