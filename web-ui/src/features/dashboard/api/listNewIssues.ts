import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { IssueSort } from "@/gen/errata/v1/issue_pb";
import { issues } from "@/shared/api/clients";
import { fromDate } from "@/shared/format/time";
import { afterPosition } from "@/shared/state/consistency";

const LIMIT = 8;

export const listNewIssuesQuery = (projectIds: number[], rangeS: number) =>
  queryOptions({
    queryKey: ["dashboard", "new", projectIds, rangeS],
    queryFn: async ({ signal }) =>
      (
        await issues.listIssues(
          {
            filter: { projectIds, from: fromDate(new Date(Date.now() - rangeS * 1000)), isNew: true },
            sort: IssueSort.FIRST_SEEN,
            limit: LIMIT,
            afterPosition: afterPosition(),
            statsRangeS: rangeS,
          },
          { signal },
        )
      ).issues,
    refetchInterval: 30_000,
  });

export const useNewIssues = (projectIds: number[], rangeS: number) =>
  useQuery({ ...listNewIssuesQuery(projectIds, rangeS), placeholderData: keepPreviousData });
