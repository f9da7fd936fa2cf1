import { queryOptions, useQuery } from "@tanstack/react-query";
import { accounts } from "@/shared/api/clients";
import { accountKeys } from "../keys";

export const listSessionsQuery = () =>
  queryOptions({
    queryKey: accountKeys.sessions,
    queryFn: async ({ signal }) => (await accounts.listSessions({}, { signal })).sessions,
  });

export const useSessions = () => useQuery(listSessionsQuery());
