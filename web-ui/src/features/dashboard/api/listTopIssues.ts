import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { stats } from "@/shared/api/clients";
import { fromDate } from "@/shared/format/time";

const LIMIT = 8;

export const listTopIssuesQuery = (projectIds: number[], rangeS: number) =>
  queryOptions({
    queryKey: ["dashboard", "top", projectIds, rangeS],
    queryFn: async ({ signal }) =>
      (await stats.listTopIssues({ projectIds, from: fromDate(new Date(Date.now() - rangeS * 1000)), limit: LIMIT }, { signal })).issues,
    refetchInterval: 30_000,
  });

export const useTopIssues = (projectIds: number[], rangeS: number) =>
  useQuery({ ...listTopIssuesQuery(projectIds, rangeS), placeholderData: keepPreviousData });
