import { queryOptions, useQuery } from "@tanstack/react-query";
import { events } from "@/shared/api/clients";
import { projectKeys } from "../keys";

/** A stored event is readable a moment after it is durable. */
const WAITING_POLL_MS = 1000;

/** The issue that an event went into; null until it is known. */
export const findIssueOfQuery = (projectId: number, eventId: string) =>
  queryOptions({
    queryKey: projectKeys.issueOf(projectId, eventId),
    queryFn: async ({ signal }) =>
      (await events.listEvents({ projectId, query: eventId, limit: 1 }, { signal })).events[0]?.issueId ?? null,
    staleTime: Infinity,
    refetchInterval: (query) => (query.state.data === null ? WAITING_POLL_MS : false),
  });

export const useIssueOf = (projectId: number, eventId: string, enabled: boolean) =>
  useQuery({ ...findIssueOfQuery(projectId, eventId), enabled });
