import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { health } from "@/shared/api/healthClient";
import { scopeTimes } from "@/shared/api/eventScope";
import { afterPosition } from "@/shared/state/consistency";
import type { Scope } from "@/shared/url/scope";
import { releaseKeys } from "../keys";

export const PAGE_SIZE = 25;

export const listReleasesQuery = (scope: Scope, text: string, page: number) =>
  queryOptions({
    queryKey: releaseKeys.list(scope, text, page),
    queryFn: ({ signal }) =>
      health.listReleases(
        {
          projectIds: scope.projectIds,
          environment: scope.environment,
          ...scopeTimes(scope),
          text,
          limit: PAGE_SIZE,
          offset: page * PAGE_SIZE,
          afterPosition: afterPosition(),
        },
        { signal },
      ),
    refetchInterval: 60_000,
  });

export const useReleases = (scope: Scope, text: string, page: number) =>
  useQuery({ ...listReleasesQuery(scope, text, page), placeholderData: keepPreviousData });
