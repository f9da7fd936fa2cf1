import { queryOptions, useQuery } from "@tanstack/react-query";
import { projectSettings } from "@/shared/api/settingsClient";
import { projectKeys } from "../../../keys";

export const getGroupingRulesQuery = (projectId: number) =>
  queryOptions({
    queryKey: projectKeys.groupingRules(projectId),
    queryFn: ({ signal }) => projectSettings.getGroupingRules({ projectId }, { signal }),
  });

export const useGroupingRules = (projectId: number) => useQuery(getGroupingRulesQuery(projectId));

/** The text of an earlier version, which never changes. */
export const earlierRulesQuery = (projectId: number, version: number) =>
  queryOptions({
    queryKey: projectKeys.groupingRulesOf(projectId, version),
    queryFn: ({ signal }) => projectSettings.getGroupingRules({ projectId, version }, { signal }),
    staleTime: Infinity,
  });
