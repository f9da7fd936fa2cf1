import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { health } from "@/shared/api/healthClient";
import { scopeTimes } from "@/shared/api/eventScope";
import { afterPosition } from "@/shared/state/consistency";
import type { Scope } from "@/shared/url/scope";
import { monitorKeys } from "../keys";

/** What is due depends on the clock. */
const REFETCH_MS = 30_000;

export const listMonitorsQuery = (scope: Scope) =>
  queryOptions({
    queryKey: monitorKeys.list(scope),
    queryFn: async ({ signal }) => {
      const { projectIds, environment } = scope;
      const answer = await health.listMonitors(
        { projectIds, environment, ...scopeTimes(scope), afterPosition: afterPosition() },
        { signal },
      );
      return answer.monitors;
    },
    refetchInterval: REFETCH_MS,
  });

export const useMonitors = (scope: Scope) =>
  useQuery({ ...listMonitorsQuery(scope), placeholderData: keepPreviousData });
