// The issue list's state and its form in the URL. What equals the default is left
// out, what cannot be read is the default: an old link never breaks the page.
import { LEVELS, STATUSES, type LevelName, type StatusName } from "@/shared/format/issue";
import { parseScope, writeScope, type Scope } from "@/shared/url/scope";

export type SortName = "last_seen" | "first_seen" | "count" | "users";
export const SORTS: readonly (readonly [SortName, string])[] = [
  ["last_seen", "Last seen"],
  ["first_seen", "First seen"],
  ["count", "Events"],
  ["users", "Users"],
];

/** Longer text is cut: a URL is no place for more. */
const TEXT_MAX = 200;

export interface IssueSearch extends Scope {
  /** Empty: all. */
  statuses: StatusName[];
  /** Empty: all. */
  levels: LevelName[];
  release: string;
  text: string;
  /** A user's id; 0: anybody. */
  assignee: number;
  sort: SortName;
}

export const DEFAULT_STATUSES: readonly StatusName[] = ["unresolved"];

const pick = <T extends string>(value: string | null, known: readonly T[]): T[] => {
  const named = new Set((value ?? "").split(","));
  return known.filter((each) => named.has(each));
};

export function parseSearch(params: URLSearchParams): IssueSearch {
  const status = params.get("status");
  const statuses = pick(status, STATUSES);
  const assignee = Number(params.get("assignee"));
  const sort = params.get("sort");
  return {
    ...parseScope(params),
    statuses: status === "all" ? [] : statuses.length > 0 ? statuses : [...DEFAULT_STATUSES],
    levels: pick(params.get("level"), LEVELS),
    release: params.get("release") ?? "",
    text: (params.get("q") ?? "").slice(0, TEXT_MAX),
    assignee: Number.isInteger(assignee) && assignee > 0 ? assignee : 0,
    sort: SORTS.find(([name]) => name === sort)?.[0] ?? "last_seen",
  };
}

export function writeSearch(params: URLSearchParams, search: IssueSearch): URLSearchParams {
  const next = writeScope(params, search);
  const put = (key: string, value: string) => (value === "" ? next.delete(key) : next.set(key, value));
  const status = search.statuses.length === 0 ? "all" : search.statuses.join(",");
  put("status", status === DEFAULT_STATUSES.join(",") ? "" : status);
  put("level", search.levels.join(","));
  put("release", search.release);
  put("q", search.text.slice(0, TEXT_MAX));
  put("assignee", search.assignee === 0 ? "" : String(search.assignee));
  put("sort", search.sort === "last_seen" ? "" : search.sort);
  return next;
}

/** Whether anything but scope and status narrows the list. */
export const isNarrowed = (search: IssueSearch): boolean =>
  search.levels.length > 0 || search.release !== "" || search.text !== "" || search.assignee !== 0 || search.environment !== "";
