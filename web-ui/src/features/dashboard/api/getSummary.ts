import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { stats } from "@/shared/api/clients";
import { fromDate } from "@/shared/format/time";

export const getSummaryQuery = (projectIds: number[], rangeS: number) =>
  queryOptions({
    queryKey: ["dashboard", "summary", projectIds, rangeS],
    queryFn: ({ signal }) => stats.getSummary({ projectIds, from: fromDate(new Date(Date.now() - rangeS * 1000)) }, { signal }),
    refetchInterval: 30_000,
  });

export const useSummary = (projectIds: number[], rangeS: number) =>
  useQuery({ ...getSummaryQuery(projectIds, rangeS), placeholderData: keepPreviousData });
