import { queryOptions, useQuery } from "@tanstack/react-query";
import { stats } from "@/shared/api/clients";
import { dashboardKeys } from "../keys";

export const getPipelineStatusQuery = () =>
  queryOptions({
    queryKey: dashboardKeys.pipeline,
    queryFn: ({ signal }) => stats.getPipelineStatus({}, { signal }),
    refetchInterval: 5000,
  });

export const usePipelineStatus = () => useQuery(getPipelineStatusQuery());
