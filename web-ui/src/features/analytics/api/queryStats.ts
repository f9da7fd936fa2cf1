import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { stats } from "@/shared/api/clients";
import { eventScope } from "@/shared/api/eventScope";
import { afterPosition } from "@/shared/state/consistency";
import type { Scope } from "@/shared/url/scope";
import { analyticsKeys } from "../keys";

const REFETCH_MS = 60_000;

export interface StatsAsk {
  query: string;
  /** A field of the search language; empty: not split. */
  groupBy: string;
  /** "1h", "all"; empty: chosen by the server. */
  interval: string;
  limit: number;
  withUsers: boolean;
  withBefore: boolean;
}

export const queryStatsQuery = (scope: Scope, ask: StatsAsk) =>
  queryOptions({
    queryKey: analyticsKeys.stats(scope, ask),
    queryFn: ({ signal }) => {
      const { query, ...rest } = ask;
      return stats.queryStats({ scope: eventScope(scope, query), ...rest, afterPosition: afterPosition() }, { signal });
    },
    refetchInterval: REFETCH_MS,
  });

export const useStats = (scope: Scope, ask: StatsAsk) =>
  useQuery({ ...queryStatsQuery(scope, ask), placeholderData: keepPreviousData });
