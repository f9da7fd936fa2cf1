import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { stats } from "@/shared/api/clients";
import { afterPosition } from "@/shared/state/consistency";
import type { Scope } from "@/shared/url/scope";
import { REFETCH_MS, scoped } from "./scoped";
import { dashboardKeys } from "../keys";

export const getSummaryQuery = (scope: Scope) =>
  queryOptions({
    queryKey: dashboardKeys.summary(scope),
    queryFn: ({ signal }) => stats.getSummary({ ...scoped(scope), afterPosition: afterPosition() }, { signal }),
    refetchInterval: REFETCH_MS,
  });

export const useSummary = (scope: Scope) => useQuery({ ...getSummaryQuery(scope), placeholderData: keepPreviousData });
