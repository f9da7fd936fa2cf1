import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { stats } from "@/shared/api/clients";

export const getSummaryQuery = (projectIds: number[], rangeS: number) =>
  queryOptions({
    queryKey: ["dashboard", "summary", projectIds, rangeS],
    queryFn: ({ signal }) => stats.getSummary({ projectIds, rangeS }, { signal }),
    refetchInterval: 30_000,
  });

export const useSummary = (projectIds: number[], rangeS: number) =>
  useQuery({ ...getSummaryQuery(projectIds, rangeS), placeholderData: keepPreviousData });
