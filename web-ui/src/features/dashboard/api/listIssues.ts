// The few issues at the head of a list, the same list as the link beside it opens.
import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { IssueSort } from "@/gen/errata/v1/issue_pb";
import { issues } from "@/shared/api/clients";
import { afterPosition } from "@/shared/state/consistency";
import type { Scope } from "@/shared/url/scope";
import { REFETCH_MS, scoped } from "./scoped";
import { dashboardKeys } from "../keys";

const LIMIT = 8;

export type Ranking = "most" | "new" | "regressed";

const requests: Record<Ranking, { sort: IssueSort; filter: { isNew?: boolean; isRegressed?: boolean } }> = {
  most: { sort: IssueSort.COUNT, filter: {} },
  new: { sort: IssueSort.FIRST_SEEN, filter: { isNew: true } },
  regressed: { sort: IssueSort.LAST_SEEN, filter: { isRegressed: true } },
};

/** The same list as a link. */
export const rankingLink: Record<Ranking, Record<string, string>> = {
  most: { status: "all", sort: "count" },
  new: { status: "all", is: "new", sort: "first_seen" },
  regressed: { status: "all", is: "regressed" },
};

export const listIssuesQuery = (scope: Scope, ranking: Ranking) =>
  queryOptions({
    queryKey: dashboardKeys.issues(scope, ranking),
    queryFn: async ({ signal }) => {
      const { sort, filter } = requests[ranking];
      const answer = await issues.listIssues(
        { filter: { ...scoped(scope), ...filter }, sort, limit: LIMIT, afterPosition: afterPosition() },
        { signal },
      );
      return answer.issues;
    },
    refetchInterval: REFETCH_MS,
  });

export const useRanking = (scope: Scope, ranking: Ranking) =>
  useQuery({ ...listIssuesQuery(scope, ranking), placeholderData: keepPreviousData });
