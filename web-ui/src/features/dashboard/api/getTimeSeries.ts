import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { SeriesGroup } from "@/gen/errata/v1/stats_pb";
import { stats } from "@/shared/api/clients";
import { fromDate } from "@/shared/format/time";
import { afterPosition } from "@/shared/state/consistency";

export type Grouping = "level" | "project";

export const getTimeSeriesQuery = (projectIds: number[], rangeS: number, grouping: Grouping) =>
  queryOptions({
    queryKey: ["dashboard", "series", projectIds, rangeS, grouping],
    queryFn: ({ signal }) =>
      stats.getTimeSeries(
        {
          projectIds,
          from: fromDate(new Date(Date.now() - rangeS * 1000)),
          group: grouping === "level" ? SeriesGroup.LEVEL : SeriesGroup.PROJECT,
          afterPosition: afterPosition(),
        },
        { signal },
      ),
    refetchInterval: 30_000,
  });

export const useTimeSeries = (projectIds: number[], rangeS: number, grouping: Grouping) =>
  useQuery({ ...getTimeSeriesQuery(projectIds, rangeS, grouping), placeholderData: keepPreviousData });
