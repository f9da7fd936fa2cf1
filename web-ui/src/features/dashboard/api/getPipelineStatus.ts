import { queryOptions, useQuery } from "@tanstack/react-query";
import { stats } from "@/shared/api/clients";

export const getPipelineStatusQuery = () =>
  queryOptions({
    queryKey: ["dashboard", "pipeline"],
    queryFn: ({ signal }) => stats.getPipelineStatus({}, { signal }),
    refetchInterval: 5000,
  });

export const usePipelineStatus = () => useQuery(getPipelineStatusQuery());
