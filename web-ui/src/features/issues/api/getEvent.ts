import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { events } from "@/shared/api/clients";
import { afterPosition } from "@/shared/state/consistency";
import { issueKeys } from "../keys";

/** `eventId`: 32 hex digits, "latest" or "oldest". */
export const getEventQuery = (issueId: string, eventId: string) =>
  queryOptions({
    queryKey: issueKeys.event(issueId, eventId),
    queryFn: ({ signal }) => events.getEvent({ issueId, eventId, afterPosition: afterPosition() }, { signal }),
    // A stored event never changes; only "latest" moves.
    staleTime: eventId === "latest" ? 15_000 : Infinity,
  });

export const useEvent = (issueId: string, eventId: string) =>
  useQuery({ ...getEventQuery(issueId, eventId), placeholderData: keepPreviousData });
