import { infiniteQueryOptions, keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { events } from "@/shared/api/clients";
import { TIME_ZONE } from "@/shared/api/eventScope";
import { fromDate } from "@/shared/format/time";
import { afterPosition } from "@/shared/state/consistency";
import type { EventSearch } from "../detail/eventSearch";
import { issueKeys } from "../keys";

/** Events fetched at once. */
const PAGE_SIZE = 50;

export const listEventsQuery = (issueId: string, search: EventSearch) =>
  infiniteQueryOptions({
    queryKey: issueKeys.events(issueId, search),
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      events.listEvents(
        {
          issueId,
          query: search.query,
          timeZone: TIME_ZONE,
          environment: search.environment,
          release: search.release,
          user: search.user,
          tags: search.tag === null ? {} : { [search.tag.key]: search.tag.value },
          ...(search.fromMs === null ? {} : { from: fromDate(new Date(search.fromMs)) }),
          ...(search.toMs === null ? {} : { to: fromDate(new Date(search.toMs)) }),
          limit: PAGE_SIZE,
          cursor: pageParam,
          withTotal: true,
          afterPosition: afterPosition(),
        },
        { signal },
      ),
    getNextPageParam: (page) => page.nextCursor || undefined,
  });

export const useEvents = (issueId: string, search: EventSearch) =>
  useInfiniteQuery({ ...listEventsQuery(issueId, search), placeholderData: keepPreviousData });
