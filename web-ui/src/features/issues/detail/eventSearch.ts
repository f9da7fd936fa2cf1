// What narrows the table of an issue's events, and its form in the URL. What cannot be
// read is left out: an old link never breaks the page.

import { withTerm } from "@/shared/url/query";
import { QUERY_MAX } from "../events/eventList";

export interface EventSearch {
  /** In the search language; empty: all. */
  query: string;
  /** Empty: all. */
  environment: string;
  release: string;
  user: string;
  tag: { key: string; value: string } | null;
  /** Unix milliseconds; null: no bound. */
  fromMs: number | null;
  /** Exclusive. */
  toMs: number | null;
}

/** Longer text is cut: a URL is no place for more. */
const TEXT_MAX = 400;

export const NO_SEARCH: EventSearch = {
  query: "",
  environment: "",
  release: "",
  user: "",
  tag: null,
  fromMs: null,
  toMs: null,
};

const text = (params: URLSearchParams, key: string): string => (params.get(key) ?? "").slice(0, TEXT_MAX);

function time(params: URLSearchParams, key: string): number | null {
  const ms = Date.parse(params.get(key) ?? "");
  return Number.isNaN(ms) ? null : ms;
}

/** "browser=Chrome"; a key may hold no "=", a value may. */
export function parseTag(given: string): EventSearch["tag"] {
  const at = given.indexOf("=");
  return at > 0 ? { key: given.slice(0, at), value: given.slice(at + 1) } : null;
}

export function parseEventSearch(params: URLSearchParams): EventSearch {
  return {
    query: (params.get("q") ?? "").slice(0, QUERY_MAX),
    environment: text(params, "environment"),
    release: text(params, "release"),
    user: text(params, "user"),
    tag: parseTag(text(params, "tag")),
    fromMs: time(params, "from"),
    toMs: time(params, "to"),
  };
}

export function writeEventSearch(params: URLSearchParams, search: EventSearch): URLSearchParams {
  const next = new URLSearchParams(params);
  const put = (key: string, value: string) => (value === "" ? next.delete(key) : next.set(key, value));
  put("q", search.query.trim().slice(0, QUERY_MAX));
  put("environment", search.environment);
  put("release", search.release);
  put("user", search.user);
  put("tag", search.tag === null ? "" : `${search.tag.key}=${search.tag.value}`);
  put("from", search.fromMs === null ? "" : new Date(search.fromMs).toISOString());
  put("to", search.toMs === null ? "" : new Date(search.toMs).toISOString());
  return next;
}

/** A text as a value of the search language, whatever is in it. */
const quoted = (text: string): string => `"${text.replace(/[\\"*]/g, "\\$&")}"`;

/** The query with what else narrows the table to values, but for times. */
export function wholeQuery({ query, environment, release, user, tag }: EventSearch): string {
  const terms = [
    environment && `environment:${quoted(environment)}`,
    release && `release:${quoted(release)}`,
    user && `user:${quoted(user)}`,
    tag && (tag.value === "" ? `has:tag.${quoted(tag.key)}` : `tag.${quoted(tag.key)}:${quoted(tag.value)}`),
  ];
  return terms.reduce<string>((whole, term) => (term ? withTerm(whole, term) : whole), query);
}

/** `link` (to the table) narrowed by one thing. */
export function narrowed(link: string, change: Partial<EventSearch>): string {
  const [path = "", query = ""] = link.split("?");
  const params = new URLSearchParams(query);
  const search = writeEventSearch(params, { ...parseEventSearch(params), ...change }).toString();
  return search === "" ? path : `${path}?${search}`;
}
