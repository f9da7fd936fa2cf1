import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { SeriesGroup } from "@/gen/errata/v1/stats_pb";
import { stats } from "@/shared/api/clients";
import { afterPosition } from "@/shared/state/consistency";
import type { Scope } from "@/shared/url/scope";
import { REFETCH_MS, scoped } from "./scoped";
import { dashboardKeys } from "../keys";

export type Grouping = "state" | "level" | "project";

const groups: Record<Grouping, SeriesGroup> = {
  state: SeriesGroup.STATE,
  level: SeriesGroup.LEVEL,
  project: SeriesGroup.PROJECT,
};

export const getTimeSeriesQuery = (scope: Scope, grouping: Grouping) =>
  queryOptions({
    queryKey: dashboardKeys.series(scope, grouping),
    queryFn: ({ signal }) =>
      stats.getTimeSeries(
        {
          ...scoped(scope),
          group: groups[grouping],
          withUsers: true,
          withReleases: true,
          afterPosition: afterPosition(),
        },
        { signal },
      ),
    refetchInterval: REFETCH_MS,
  });

export const useTimeSeries = (scope: Scope, grouping: Grouping) =>
  useQuery({ ...getTimeSeriesQuery(scope, grouping), placeholderData: keepPreviousData });
