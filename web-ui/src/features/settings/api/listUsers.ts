import { queryOptions, useQuery } from "@tanstack/react-query";
import { accounts } from "@/shared/api/clients";
import { accountKeys } from "../keys";

export const listUsersQuery = () =>
  queryOptions({
    queryKey: accountKeys.users,
    queryFn: async ({ signal }) => (await accounts.listUsers({}, { signal })).users,
  });

export const useUsers = () => useQuery(listUsersQuery());
