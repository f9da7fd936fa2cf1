import { infiniteQueryOptions, useInfiniteQuery } from "@tanstack/react-query";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { health } from "@/shared/api/healthClient";
import { afterPosition } from "@/shared/state/consistency";
import { monitorKeys } from "../keys";

const PAGE_SIZE = 50;

export const listCheckInsQuery = (projectId: number, slug: string, environment: string) =>
  infiniteQueryOptions({
    queryKey: monitorKeys.runs(projectId, slug, environment),
    initialPageParam: undefined as Timestamp | undefined,
    queryFn: ({ pageParam, signal }) =>
      health.listCheckIns(
        {
          projectId,
          slug,
          environment,
          limit: PAGE_SIZE,
          ...(pageParam ? { before: pageParam } : {}),
          afterPosition: afterPosition(),
        },
        { signal },
      ),
    getNextPageParam: (page) => (page.hasMore ? page.runs.at(-1)?.startedAt : undefined),
  });

export const useCheckIns = (projectId: number, slug: string, environment: string) =>
  useInfiniteQuery(listCheckInsQuery(projectId, slug, environment));
