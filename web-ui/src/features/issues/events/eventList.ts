// The list of events across issues, and its form in the URL.
import { parseScope, writeScope, type Scope } from "@/shared/url/scope";

/** Longer text is cut: a URL is no place for more. */
export const QUERY_MAX = 4000;

export interface EventListSearch extends Scope {
  query: string;
  ascending: boolean;
}

export const parseEventList = (params: URLSearchParams): EventListSearch => ({
  ...parseScope(params),
  query: (params.get("q") ?? "").slice(0, QUERY_MAX),
  ascending: params.get("order") === "asc",
});

export function writeEventList(params: URLSearchParams, search: EventListSearch): URLSearchParams {
  const next = writeScope(params, search);
  const put = (key: string, value: string) => (value === "" ? next.delete(key) : next.set(key, value));
  put("q", search.query.trim().slice(0, QUERY_MAX));
  put("order", search.ascending ? "asc" : "");
  return next;
}
