import { queryOptions, useQuery } from "@tanstack/react-query";
import { accounts } from "@/shared/api/clients";

export const listSessionsQuery = () =>
  queryOptions({
    queryKey: ["sessions"],
    queryFn: async ({ signal }) => (await accounts.listSessions({}, { signal })).sessions,
  });

export const useSessions = () => useQuery(listSessionsQuery());
