// Reads of a past time. What was then does not change, so it is not read anew; while the
// server builds it, it is asked for again.
import { Code, ConnectError } from "@connectrpc/connect";
import { queryOptions } from "@tanstack/react-query";
import { issues } from "@/shared/api/clients";
import { rangeSeconds } from "@/shared/url/scope";
import { filterOf } from "../api/listIssues";
import type { IssueSearch } from "../list/search";

/** Rows of the list of then. */
const ROWS = 200;
/** Between two questions whether it is there. */
const ASK_AGAIN_MS = 1000;
/** So often: ten minutes. */
const ASK_MAX = 600;

const patient = {
  staleTime: Infinity,
  refetchOnWindowFocus: false,
  refetchOnReconnect: false,
  retryDelay: ASK_AGAIN_MS,
  retry: (count: number, error: Error) => count < ASK_MAX && ConnectError.from(error).code === Code.Unavailable,
};

/** Not below the issues, which are read anew whenever something happens. */
const keyOf = (of: string, at: string, search: IssueSearch) => ["past", of, at, search];

/** Where the range begins, which ends then. */
const fromMs = (search: IssueSearch, at: string): number => {
  const atMs = Date.parse(at);
  return search.span ? search.span.fromS * 1000 : (Number.isNaN(atMs) ? 0 : atMs) - rangeSeconds(search.range) * 1000;
};

export const pastIssuesQuery = (search: IssueSearch, at: string) =>
  queryOptions({
    ...patient,
    queryKey: keyOf("list", at, search),
    queryFn: ({ signal }) =>
      issues.listIssues({ filter: filterOf(search, fromMs(search, at)), limit: ROWS, at }, { signal }),
  });

export const pastIssueQuery = (issueId: string, search: IssueSearch, at: string) =>
  queryOptions({
    ...patient,
    queryKey: keyOf(`issue ${issueId}`, at, search),
    queryFn: ({ signal }) => issues.getIssue({ issueId, at, statsRangeS: rangeSeconds(search.range) }, { signal }),
  });
