import { queryOptions, useQuery } from "@tanstack/react-query";
import { accounts } from "@/shared/api/clients";
import { projectKeys } from "../../keys";

export const listKeysQuery = (projectId: number) =>
  queryOptions({
    queryKey: projectKeys.keys(projectId),
    queryFn: async ({ signal }) => (await accounts.listKeys({ projectId }, { signal })).keys,
  });

export const useKeys = (projectId: number) => useQuery(listKeysQuery(projectId));
