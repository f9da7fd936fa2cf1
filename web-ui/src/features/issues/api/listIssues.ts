import { type InfiniteData, infiniteQueryOptions, useInfiniteQuery } from "@tanstack/react-query";
import { IssueSort, type ListIssuesResponse } from "@/gen/errata/v1/issue_pb";
import { issues } from "@/shared/api/clients";
import { levelOf, statusOf } from "@/shared/format/issue";
import { fromDate } from "@/shared/format/time";
import { afterPosition } from "@/shared/state/consistency";
import { rangeSeconds } from "@/shared/url/scope";
import type { IssueSearch, SortName } from "../list/search";

/** Issues fetched at once. */
const PAGE_SIZE = 50;

const sorts: Record<SortName, IssueSort> = {
  last_seen: IssueSort.LAST_SEEN,
  first_seen: IssueSort.FIRST_SEEN,
  count: IssueSort.COUNT,
  users: IssueSort.USERS,
};

export type IssuePages = InfiniteData<ListIssuesResponse>;

export const issuesKey = (search: IssueSearch) => ["issues", "list", search] as const;

export const listIssuesQuery = (search: IssueSearch) =>
  infiniteQueryOptions({
    queryKey: issuesKey(search),
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      issues.listIssues(
        {
          filter: {
            projectIds: search.projectIds,
            statuses: search.statuses.map(statusOf),
            levels: search.levels.map(levelOf),
            environment: search.environment,
            release: search.release,
            text: search.text,
            assignee: search.assignee,
            // The cursor holds the range of the first page.
            from: fromDate(new Date(Date.now() - rangeSeconds(search.range) * 1000)),
          },
          sort: sorts[search.sort],
          limit: PAGE_SIZE,
          cursor: pageParam,
          afterPosition: afterPosition(),
          statsRangeS: rangeSeconds(search.range),
        },
        { signal },
      ),
    getNextPageParam: (page) => page.nextCursor || undefined,
  });

export const useIssues = (search: IssueSearch) => useInfiniteQuery(listIssuesQuery(search));
