import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { stats } from "@/shared/api/clients";
import { health } from "@/shared/api/healthClient";
import { eventScope, scopeTimes, TIME_ZONE } from "@/shared/api/eventScope";
import { afterPosition } from "@/shared/state/consistency";
import type { Scope } from "@/shared/url/scope";
import { releaseKeys } from "../keys";

export const getReleaseQuery = (scope: Scope, projectId: number, version: string) =>
  queryOptions({
    queryKey: releaseKeys.one(scope, projectId, version),
    queryFn: ({ signal }) =>
      health.getRelease(
        {
          projectId,
          version,
          environment: scope.environment,
          ...scopeTimes(scope),
          timeZone: TIME_ZONE,
          afterPosition: afterPosition(),
        },
        { signal },
      ),
  });

export const useRelease = (scope: Scope, projectId: number, version: string) =>
  useQuery({
    ...getReleaseQuery(scope, projectId, version),
    placeholderData: keepPreviousData,
    enabled: version !== "",
  });

/** Events of a query over time. */
export const useEventsOverTime = (scope: Scope, query: string) =>
  useQuery({
    queryKey: releaseKeys.events(scope, query),
    queryFn: ({ signal }) =>
      stats.queryStats({ scope: eventScope(scope, query), afterPosition: afterPosition() }, { signal }),
    placeholderData: keepPreviousData,
  });
