// Events that a query finds, page by page, and what they have in common.
import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import { events, stats } from "@/shared/api/clients";
import { eventScope, scopeTimes, TIME_ZONE } from "@/shared/api/eventScope";
import { afterPosition } from "@/shared/state/consistency";
import type { EventListSearch } from "../events/eventList";
import { withTerm } from "@/shared/url/query";
import { issueKeys } from "../keys";

/** Events fetched at once. */
const PAGE_SIZE = 50;
/** Values shown of each field. */
const VALUES = 5;

/** The list takes one project; several are asked for in the query. */
export function oneProject(search: EventListSearch) {
  const { projectIds, query } = search;
  const several = projectIds.map((id) => `project:${id}`).join(" OR ");
  return {
    projectId: projectIds.length === 1 ? (projectIds[0] ?? 0) : 0,
    query: projectIds.length > 1 ? withTerm(query, several) : query,
  };
}

export const findEventsQuery = (search: EventListSearch) =>
  infiniteQueryOptions({
    queryKey: issueKeys.foundEvents(search),
    initialPageParam: { cursor: "", times: undefined as ReturnType<typeof scopeTimes> | undefined },
    queryFn: async ({ pageParam, signal }) => {
      // All pages are of the time that the first one was asked for.
      const times = pageParam.times ?? scopeTimes(search);
      const answer = await events.listEvents(
        {
          ...oneProject(search),
          environment: search.environment,
          timeZone: TIME_ZONE,
          ...times,
          ascending: search.ascending,
          limit: PAGE_SIZE,
          cursor: pageParam.cursor,
          withTotal: true,
          afterPosition: afterPosition(),
        },
        { signal },
      );
      return { answer, times };
    },
    getNextPageParam: ({ answer, times }) =>
      answer.nextCursor === "" ? undefined : { cursor: answer.nextCursor, times },
  });

export const useFoundEvents = (search: EventListSearch) =>
  useInfiniteQuery({ ...findEventsQuery(search), placeholderData: keepPreviousData });

export const eventFacetsQuery = (search: EventListSearch) =>
  queryOptions({
    queryKey: issueKeys.eventFacets(search),
    queryFn: ({ signal }) =>
      stats.listEventFacets(
        { scope: eventScope(search, search.query), limit: VALUES, afterPosition: afterPosition() },
        { signal },
      ),
  });

export const useEventFacets = (search: EventListSearch) =>
  useQuery({ ...eventFacetsQuery(search), placeholderData: keepPreviousData });
