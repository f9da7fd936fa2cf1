import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { grouping } from "@/shared/api/groupingClient";
import { projectKeys } from "../../../keys";

/** What is wrong with rules, what their lines are made of, and what of newest events they hold. */
export const checkRulesQuery = (projectId: number, text: string) =>
  queryOptions({
    queryKey: projectKeys.groupingCheck(projectId, text),
    queryFn: async ({ signal }) => ({ text, ...(await grouping.checkRules({ projectId, text }, { signal })) }),
    placeholderData: keepPreviousData,
    retry: false,
    // Events come in between.
    staleTime: 60_000,
    gcTime: 0,
  });

export const useCheckRules = (projectId: number, text: string) => useQuery(checkRulesQuery(projectId, text));
