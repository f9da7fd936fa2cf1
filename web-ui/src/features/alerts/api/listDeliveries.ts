import { queryOptions, useQuery } from "@tanstack/react-query";
import { live } from "@/shared/api/clients";
import { afterPosition } from "@/shared/state/consistency";
import { alertKeys } from "../keys";

/** A mail is on its way for seconds, with retries for minutes. */
const POLL_MS = 10_000;
const LIMIT = 100;

export const listDeliveriesQuery = () =>
  queryOptions({
    queryKey: alertKeys.deliveries,
    queryFn: async ({ signal }) =>
      (await live.listDeliveries({ limit: LIMIT, afterPosition: afterPosition() }, { signal })).deliveries,
    refetchInterval: POLL_MS,
  });

export const useDeliveries = () => useQuery(listDeliveriesQuery());
