// What became of the errors that arrived, over the chosen projects.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { projects } from "@/shared/api/clients";
import { afterPosition } from "@/shared/state/consistency";
import { REFETCH_MS } from "./scoped";
import { dashboardKeys } from "../keys";

export interface Arrivals {
  received: bigint;
  stored: bigint;
  /** By the server's name of the reason, most first. */
  dropped: { reason: string; count: bigint }[];
  /** What SDKs say they never sent. */
  droppedByClients: bigint;
}

/** An arrival of this category is an event; others are files, sessions and the like. */
const EVENTS = "error";

async function fetchArrivals(projectIds: readonly number[], hours: number, signal: AbortSignal): Promise<Arrivals> {
  const answers = await Promise.all(
    projectIds.map((projectId) =>
      projects.listArrivals({ projectId, hours, afterPosition: afterPosition() }, { signal }),
    ),
  );
  const reasons = new Map<string, bigint>();
  for (const { category, reason, count } of answers.flatMap((answer) => answer.received)) {
    if (category === EVENTS) reasons.set(reason, (reasons.get(reason) ?? 0n) + count);
  }
  const sum = (counts: Iterable<bigint>) => [...counts].reduce((total, count) => total + count, 0n);
  const dropped = [...reasons].filter(([reason]) => reason !== "").map(([reason, count]) => ({ reason, count }));
  return {
    received: sum(reasons.values()),
    stored: reasons.get("") ?? 0n,
    dropped: dropped.sort((a, b) => Number(b.count - a.count)),
    droppedByClients: sum(
      answers
        .flatMap((answer) => answer.droppedByClients)
        .filter((each) => each.category === EVENTS)
        .map((each) => each.count),
    ),
  };
}

export const useArrivals = (projectIds: readonly number[], hours: number) =>
  useQuery({
    queryKey: dashboardKeys.arrivals(projectIds, hours),
    queryFn: ({ signal }) => fetchArrivals(projectIds, hours, signal),
    refetchInterval: REFETCH_MS,
    placeholderData: keepPreviousData,
    enabled: projectIds.length > 0,
  });
