import { queryOptions, useQuery } from "@tanstack/react-query";
import { projects } from "./clients";
import { sharedKeys } from "./keys";

export const listMembersQuery = () =>
  queryOptions({
    queryKey: sharedKeys.members,
    queryFn: async ({ signal }) => (await projects.listMembers({}, { signal })).members,
    staleTime: 60_000,
  });

export const useMembers = () => useQuery(listMembersQuery());
