import { queryOptions, useQuery } from "@tanstack/react-query";
import { accounts } from "@/shared/api/clients";
import { accountKeys } from "../keys";

/** `all`: everybody's, for owners. */
export const listTokensQuery = (all: boolean) =>
  queryOptions({
    queryKey: accountKeys.tokensOf(all),
    queryFn: async ({ signal }) => (await accounts.listTokens({ all }, { signal })).tokens,
  });

export const useTokens = (all: boolean) => useQuery(listTokensQuery(all));
