import { queryOptions, useQuery } from "@tanstack/react-query";
import { issues } from "@/shared/api/clients";
import { afterPosition } from "@/shared/state/consistency";
import { issueKeys } from "../keys";

export const listActivityQuery = (issueId: string, at = "") =>
  queryOptions({
    queryKey: issueKeys.activity(issueId, at),
    queryFn: async ({ signal }) =>
      (await issues.listActivity({ issueId, afterPosition: afterPosition(), at }, { signal })).activities,
  });

/** `at`: as of that time; empty: now. */
export const useActivity = (issueId: string, at = "") => useQuery(listActivityQuery(issueId, at));
