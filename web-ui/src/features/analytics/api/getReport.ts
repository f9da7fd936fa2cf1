import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { stats } from "@/shared/api/clients";
import { scopeTimes } from "@/shared/api/eventScope";
import { afterPosition } from "@/shared/state/consistency";
import type { Scope } from "@/shared/url/scope";
import { analyticsKeys } from "../keys";

const REFETCH_MS = 60_000;

export const getReportQuery = (scope: Scope) =>
  queryOptions({
    queryKey: analyticsKeys.report(scope),
    queryFn: ({ signal }) => {
      const { projectIds, environment } = scope;
      return stats.getReport(
        { projectIds, environment, ...scopeTimes(scope), afterPosition: afterPosition() },
        { signal },
      );
    },
    refetchInterval: REFETCH_MS,
  });

export const useReport = (scope: Scope) => useQuery({ ...getReportQuery(scope), placeholderData: keepPreviousData });
