import { queryOptions, useQuery, type QueryClient, useQueryClient } from "@tanstack/react-query";
import type { Outcome, OutcomeKind } from "@/gen/errata/v1/ingest_debug_pb";
import { ingestDebug } from "@/shared/api/ingestDebugClient";

/** How often to ask for what is newer. */
const POLL_MS = 1000;
/** Outcomes of one answer, and of each kind a key that the gateway keeps. */
const LIMIT = 200;
/** Outcomes held here; older ones give way. */
const HELD_MAX = 600;

export interface OutcomeSearch {
  /** 0: what belongs to no project. */
  projectId: number;
  /** Empty: all keys. */
  publicKey: string;
  kind: OutcomeKind;
}

export interface Outcomes {
  /** Newest first. */
  outcomes: Outcome[];
  newest: bigint;
}

/** The newer ones before the older ones, each once. */
export function merge(newer: readonly Outcome[], older: readonly Outcome[]): Outcome[] {
  const known = new Set(newer.map((each) => each.sequence));
  return [...newer, ...older.filter((each) => !known.has(each.sequence))].slice(0, HELD_MAX);
}

export const listOutcomesQuery = (client: QueryClient, search: OutcomeSearch) => {
  const queryKey = ["outcomes", search.projectId, search.publicKey, search.kind] as const;
  return queryOptions({
    queryKey,
    queryFn: async ({ signal }): Promise<Outcomes> => {
      const held = client.getQueryData<Outcomes>(queryKey);
      const answer = await ingestDebug.listOutcomes(
        { ...search, after: String(held?.newest ?? 0n), limit: LIMIT },
        { signal },
      );
      const newest = BigInt(answer.newest);
      // An unchanged object keeps the page still.
      if (held && answer.outcomes.length === 0) return held.newest === newest ? held : { ...held, newest };
      return { outcomes: merge(answer.outcomes, held?.outcomes ?? []), newest };
    },
    refetchInterval: POLL_MS,
    staleTime: 0,
  });
};

export const useOutcomes = (search: OutcomeSearch) => useQuery(listOutcomesQuery(useQueryClient(), search));
