import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { stats } from "@/shared/api/clients";
import { fromDate } from "@/shared/format/time";
import { issueKeys } from "../keys";

export const getIssueSeriesQuery = (issueId: string, rangeS: number) =>
  queryOptions({
    queryKey: issueKeys.series(issueId, rangeS),
    queryFn: ({ signal }) =>
      stats.getTimeSeries({ issueId, from: fromDate(new Date(Date.now() - rangeS * 1000)) }, { signal }),
  });

export const useIssueSeries = (issueId: string, rangeS: number) =>
  useQuery({ ...getIssueSeriesQuery(issueId, rangeS), placeholderData: keepPreviousData });
