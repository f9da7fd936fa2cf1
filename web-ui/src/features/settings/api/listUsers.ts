import { queryOptions, useQuery } from "@tanstack/react-query";
import { accounts } from "@/shared/api/clients";

export const listUsersQuery = () =>
  queryOptions({
    queryKey: ["users"],
    queryFn: async ({ signal }) => (await accounts.listUsers({}, { signal })).users,
  });

export const useUsers = () => useQuery(listUsersQuery());
