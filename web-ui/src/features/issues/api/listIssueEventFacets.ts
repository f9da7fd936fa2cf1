// What the events of an issue have in common, of those that its table shows.
import { keepPreviousData, queryOptions, useQuery } from "@tanstack/react-query";
import { stats } from "@/shared/api/clients";
import { TIME_ZONE } from "@/shared/api/eventScope";
import { fromDate } from "@/shared/format/time";
import { afterPosition } from "@/shared/state/consistency";
import { type EventSearch, wholeQuery } from "../detail/eventSearch";
import { issueKeys } from "../keys";

/** Values shown of each field. */
const VALUES = 5;

const issueEventFacetsQuery = (issueId: string, firstMs: number, search: EventSearch) =>
  queryOptions({
    queryKey: issueKeys.issueEventFacets(issueId, search),
    queryFn: ({ signal }) =>
      stats.listEventFacets(
        {
          scope: {
            issueId,
            query: wholeQuery(search),
            timeZone: TIME_ZONE,
            from: fromDate(new Date(search.fromMs ?? firstMs)),
            ...(search.toMs === null ? {} : { to: fromDate(new Date(search.toMs)) }),
          },
          limit: VALUES,
          afterPosition: afterPosition(),
        },
        { signal },
      ),
  });

/** Of events from `firstMs` on, when the first one happened. */
export const useIssueEventFacets = (issueId: string, firstMs: number, search: EventSearch, enabled: boolean) =>
  useQuery({ ...issueEventFacetsQuery(issueId, firstMs, search), placeholderData: keepPreviousData, enabled });
