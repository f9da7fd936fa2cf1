import { queryOptions, useQuery } from "@tanstack/react-query";
import { accounts } from "@/shared/api/clients";

export const listKeysQuery = (projectId: number) =>
  queryOptions({
    queryKey: ["projects", projectId, "keys"],
    queryFn: async ({ signal }) => (await accounts.listKeys({ projectId }, { signal })).keys,
  });

export const useKeys = (projectId: number) => useQuery(listKeysQuery(projectId));
