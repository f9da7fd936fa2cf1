// What the pages of this feature read first.
import { listFacetsQuery } from "@/shared/api/listFacets";
import { listMembersQuery } from "@/shared/api/listMembers";
import { type Loader, prefetch, prefetchPages, searchOf, start } from "@/shared/load/loader";
import { parseScope, rangeSeconds } from "@/shared/url/scope";
import { eventFacetsQuery, findEventsQuery } from "./api/findEvents";
import { getEventQuery } from "./api/getEvent";
import { getIssueQuery } from "./api/getIssue";
import { listActivityQuery } from "./api/listActivity";
import { listIssuesQuery } from "./api/listIssues";
import { listTagsQuery } from "./api/listTags";
import { parseEventList } from "./events/eventList";
import { parseSearch } from "./list/search";

export const loadIssues: Loader = (args) => {
  const search = parseSearch(searchOf(args));
  return start(
    prefetchPages(listIssuesQuery(search)),
    prefetch(listMembersQuery()),
    prefetch(listFacetsQuery(search.projectIds)),
  );
};

export const loadEvents: Loader = (args) => {
  const search = parseEventList(searchOf(args));
  return start(prefetchPages(findEventsQuery(search)), prefetch(eventFacetsQuery(search)));
};

export const loadIssue: Loader = (args) => {
  const { issueId = "", eventId = "latest" } = args.params;
  const rangeS = rangeSeconds(parseScope(searchOf(args)).range);
  return start(
    prefetch(getIssueQuery(issueId, rangeS)),
    prefetch(getEventQuery(issueId, eventId)),
    prefetch(listActivityQuery(issueId)),
    prefetch(listTagsQuery(issueId)),
    prefetch(listMembersQuery()),
  );
};
