// The issue list, page by page. Its range is pinned when the first page is fetched:
// a cursor belongs to one filter, and a range that moves on would be another.
import {
  type InfiniteData,
  infiniteQueryOptions,
  keepPreviousData,
  type QueryClient,
  useInfiniteQuery,
} from "@tanstack/react-query";
import { type Issue, IssueSort, type ListIssuesResponse } from "@/gen/errata/v1/issue_pb";
import { issues } from "@/shared/api/clients";
import { levelOf, statusOf } from "@/shared/format/issue";
import { fromDate, toDate } from "@/shared/format/time";
import { afterPosition } from "@/shared/state/consistency";
import { scopeFromMs, scopeToMs } from "@/shared/url/scope";
import { NOBODY, statusesBeside, type IssueSearch, type SortName } from "../list/search";
import { issueKeys } from "../keys";

/** Issues fetched at once. */
export const PAGE_SIZE = 100;
/** The server's most. */
const PAGE_MAX = 1000;
/** A list that was fetched so long ago is read again when one comes back to it. */
const OLD_MS = 15_000;

const sorts: Record<SortName, IssueSort> = {
  last_seen: IssueSort.LAST_SEEN,
  first_seen: IssueSort.FIRST_SEEN,
  count: IssueSort.COUNT,
  users: IssueSort.USERS,
};

/** Where the days of a query begin. */
const TIME_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Where a page begins. */
export interface PageStart {
  cursor: string;
  /** The range's start, milliseconds since 1970; 0: to be pinned now. */
  fromMs: number;
}

export interface IssuePage {
  issues: Issue[];
  nextCursor: string;
  total: number;
  /** The range's start that this and all later pages are of. */
  fromMs: number;
  /** When it was asked for: what happens later may not be in it. */
  askedAtMs: number;
  /** The same as the server counts: whole hours, or minutes. */
  countedFromMs: number;
}

export type IssuePages = InfiniteData<IssuePage>;

export const FIRST: PageStart = { cursor: "", fromMs: 0 };

export const pinnedFromMs = (search: IssueSearch, start: PageStart, nowMs: number): number =>
  start.fromMs || scopeFromMs(search, nowMs);

/** The API's filter for a search over a pinned range. */
export function filterOf(search: IssueSearch, fromMs: number) {
  const { projectIds, states, levels, environment, release, text, assignee } = search;
  const toMs = scopeToMs(search);
  return {
    projectIds,
    statuses: statusesBeside(search).map(statusOf),
    levels: levels.map(levelOf),
    environment,
    release,
    text,
    timeZone: TIME_ZONE,
    assignee: assignee === NOBODY ? 0 : assignee,
    unassigned: assignee === NOBODY,
    isNew: states.includes("new"),
    isRegressed: states.includes("regressed"),
    from: fromDate(new Date(fromMs)),
    ...(toMs === undefined ? {} : { to: fromDate(new Date(toMs)) }),
  };
}

async function fetchPage(
  search: IssueSearch,
  start: PageStart,
  limit: number,
  signal?: AbortSignal,
): Promise<IssuePage> {
  const askedAtMs = Date.now();
  const fromMs = pinnedFromMs(search, start, askedAtMs);
  const answer: ListIssuesResponse = await issues.listIssues(
    {
      filter: filterOf(search, fromMs),
      sort: sorts[search.sort],
      ascending: search.ascending,
      limit,
      cursor: start.cursor,
      afterPosition: afterPosition(),
    },
    signal ? { signal } : {},
  );
  return {
    issues: answer.issues,
    nextCursor: answer.nextCursor,
    total: answer.total,
    fromMs,
    askedAtMs,
    countedFromMs: answer.from ? toDate(answer.from).getTime() : fromMs,
  };
}

const nextStart = (page: IssuePage): PageStart | undefined =>
  page.nextCursor === "" ? undefined : { cursor: page.nextCursor, fromMs: page.fromMs };

export const listIssuesQuery = (search: IssueSearch) =>
  infiniteQueryOptions({
    queryKey: issueKeys.list(search),
    initialPageParam: FIRST,
    queryFn: ({ pageParam, signal }) => fetchPage(search, pageParam, PAGE_SIZE, signal),
    getNextPageParam: nextStart,
    // A refetch of ours would ask for each loaded page, one after the other.
    // `reloadIssues` asks for as many rows in as few requests as there can be.
    staleTime: Infinity,
    structuralSharing: false,
  });

export const useIssues = (search: IssueSearch) =>
  useInfiniteQuery({
    ...listIssuesQuery(search),
    placeholderData: keepPreviousData,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    refetchOnMount: false,
  });

async function fetchRows(search: IssueSearch, rows: number, signal?: AbortSignal): Promise<IssuePages> {
  const pages: IssuePage[] = [];
  const pageParams: PageStart[] = [];
  let start: PageStart | undefined = FIRST;
  for (let left = rows; start && left > 0;) {
    const page: IssuePage = await fetchPage(search, start, Math.min(Math.max(left, PAGE_SIZE), PAGE_MAX), signal);
    pages.push(page);
    pageParams.push(start);
    left -= page.issues.length;
    start = nextStart(page);
  }
  return { pages, pageParams };
}

/** Reads at least so many rows anew and shows them in their new order. */
export async function reloadIssues(client: QueryClient, search: IssueSearch, rows: number): Promise<void> {
  const key = issueKeys.list(search);
  await client.cancelQueries({ queryKey: key });
  client.setQueryData<IssuePages>(key, await fetchRows(search, rows));
}

/** The list's first rows as they are now, for a comparison: nothing shown changes. */
export const peekIssues = (search: IssueSearch, rows: number): Promise<IssuePages> =>
  fetchRows(search, Math.min(rows, PAGE_MAX));

/** Every issue that matches, whether loaded or not. */
export async function allIssues(search: IssueSearch): Promise<Issue[]> {
  const { pages } = await fetchRows(search, Infinity);
  return pages.flatMap((page) => page.issues);
}

/** Whether a cached list must be read again: it is old, or a command came after it. */
export function isOld(client: QueryClient, search: IssueSearch, commandAtMs: number): boolean {
  const state = client.getQueryState(issueKeys.list(search));
  return (
    state?.data !== undefined &&
    state.fetchStatus === "idle" &&
    (state.dataUpdatedAt < commandAtMs || Date.now() - state.dataUpdatedAt > OLD_MS)
  );
}
