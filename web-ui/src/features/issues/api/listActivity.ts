import { queryOptions, useQuery } from "@tanstack/react-query";
import { issues } from "@/shared/api/clients";
import { afterPosition } from "@/shared/state/consistency";
import { issueKeys } from "../keys";

export const listActivityQuery = (issueId: string) =>
  queryOptions({
    queryKey: issueKeys.activity(issueId),
    queryFn: async ({ signal }) =>
      (await issues.listActivity({ issueId, afterPosition: afterPosition() }, { signal })).activities,
  });

export const useActivity = (issueId: string) => useQuery(listActivityQuery(issueId));
