// Under what the cache has this feature's reads.
import { sharedKeys } from "@/shared/api/keys";
import type { EventSearch } from "./detail/eventSearch";
import type { EventListSearch } from "./events/eventList";
import type { IssueSearch } from "./list/search";

const [root] = sharedKeys.issues;

export const issueKeys = {
  all: sharedKeys.issues,
  lists: [root, "list"],
  list: (search: IssueSearch) => [root, "list", search] as const,
  /** Every single issue, over whatever range. */
  ones: [root, "one"],
  one: (issueId: string, rangeS: number) => [root, "one", issueId, rangeS] as const,
  activity: (issueId: string, at = "") => [root, "activity", issueId, at] as const,
  events: (issueId: string, search: EventSearch) => [root, "events", issueId, search] as const,
  issueEventFacets: (issueId: string, search: EventSearch) => [root, "common", issueId, search] as const,
  foundEvents: (search: EventListSearch) => [root, "found", search] as const,
  eventFacets: (search: EventListSearch) => [root, "eventFacets", search] as const,
  facets: (search: IssueSearch) => [root, "facets", search] as const,
  feedback: (issueId: string) => [root, "feedback", issueId] as const,
  series: (issueId: string, rangeS: number) => [root, "series", issueId, rangeS] as const,
  tags: (issueId: string) => [root, "tags", issueId] as const,
  /** An event never changes, so it is not below the issue, which does. */
  event: (issueId: string, eventId: string) => ["events", issueId, eventId] as const,
  /** Nor does what counts of it; which issue it is in may. */
  grouping: (eventId: string) => ["grouping", eventId] as const,
  /** Nor does what an event of it is like; it is not read anew whenever an event comes. */
  similars: ["similar"],
  similar: (issueId: string) => ["similar", issueId] as const,
  /** What could stand where somebody types; it is not of an issue. */
  completions: (text: string, at: number, projectIds: readonly number[]) =>
    ["completions", text, at, projectIds] as const,
  apart: (firstEventId: string, secondEventId: string) => ["grouping", firstEventId, secondEventId] as const,
} as const;

const isList = (key: readonly unknown[]): boolean => key[0] === root && key[1] === issueKeys.lists[1];

/** What is known of one issue, but not the lists it is in. */
export const isOfIssue = (key: readonly unknown[], issueId: string): boolean =>
  key[0] === root && !isList(key) && key[2] === issueId;

/** What a command makes old. Not the lists: they show the change already, and the live stream brings the rest; to fetch all their pages again would cost a request for each. */
export const isOldAfterCommand = (key: readonly unknown[]): boolean =>
  !isList(key) && (key[0] === root || key[0] === sharedKeys.dashboard[0] || key[0] === sharedKeys.projects[0]);
