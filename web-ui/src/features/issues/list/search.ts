// The issue list's state and its form in the URL. What equals the default is left
// out, what cannot be read is the default: an old link never breaks the page.
//
// The text is a query of the search language, which the server reads. What a plain one says
// by itself (`is:new level:error release:shop@1 cart`) `effective` knows, too: live changes
// are held to it without asking.
import { LEVELS, STATUSES, type LevelName, type StatusName } from "@/shared/format/issue";
import type { ChangeOf } from "@/shared/url/params";
import { parseScope, writeScope, type Scope } from "@/shared/url/scope";

export type SortName = "last_seen" | "first_seen" | "count" | "users";
export const SORTS: readonly (readonly [SortName, string])[] = [
  ["last_seen", "Last seen"],
  ["first_seen", "First seen"],
  ["count", "Events"],
  ["users", "Users"],
];

/** What happened to an issue within the range. */
export type StateName = "new" | "regressed";
export const STATES: readonly (readonly [StateName, string])[] = [
  ["new", "New"],
  ["regressed", "Came back"],
];

/** Longer text is cut: a URL is no place for more. */
export const TEXT_MAX = 1000;

export interface IssueSearch extends Scope {
  /** Empty: all. */
  statuses: StatusName[];
  /** All that must hold; empty: any. */
  states: StateName[];
  /** Empty: all. */
  levels: LevelName[];
  release: string;
  text: string;
  /** A user's id; 0: anybody; -1: nobody. */
  assignee: number;
  sort: SortName;
  ascending: boolean;
}

/** `replace`: no step of its own in the history. */
export type SetSearch = (change: ChangeOf<IssueSearch>, replace?: boolean) => void;

export const NOBODY = -1;
export const DEFAULT_STATUSES: readonly StatusName[] = ["unresolved"];

/** What narrows nothing, for "Clear filters". */
export const NO_FILTERS = {
  levels: [],
  states: [],
  release: "",
  text: "",
  assignee: 0,
  environment: "",
} satisfies Partial<IssueSearch>;

const pick = <T extends string>(value: string | null, known: readonly T[]): T[] => {
  const named = new Set((value ?? "").split(","));
  return known.filter((each) => named.has(each));
};

const STATE_NAMES = STATES.map(([name]) => name);

function parseAssignee(value: string | null): number {
  if (value === "none") return NOBODY;
  const id = Number(value);
  return Number.isInteger(id) && id > 0 ? id : 0;
}

export function parseSearch(params: URLSearchParams): IssueSearch {
  const status = params.get("status");
  const statuses = pick(status, STATUSES);
  const sort = params.get("sort");
  return {
    ...parseScope(params),
    statuses: status === "all" ? [] : statuses.length > 0 ? statuses : [...DEFAULT_STATUSES],
    states: pick(params.get("is"), STATE_NAMES),
    levels: pick(params.get("level"), LEVELS),
    release: params.get("release") ?? "",
    text: (params.get("q") ?? "").slice(0, TEXT_MAX),
    assignee: parseAssignee(params.get("assignee")),
    sort: SORTS.find(([name]) => name === sort)?.[0] ?? "last_seen",
    ascending: params.get("order") === "asc",
  };
}

export function writeSearch(params: URLSearchParams, search: IssueSearch): URLSearchParams {
  const next = writeScope(params, search);
  const put = (key: string, value: string) => (value === "" ? next.delete(key) : next.set(key, value));
  const status = search.statuses.length === 0 ? "all" : search.statuses.join(",");
  put("status", status === DEFAULT_STATUSES.join(",") ? "" : status);
  put("is", pick(search.states.join(","), STATE_NAMES).join(","));
  put("level", pick(search.levels.join(","), LEVELS).join(","));
  put("release", search.release);
  put("q", search.text.slice(0, TEXT_MAX));
  put("assignee", search.assignee === NOBODY ? "none" : search.assignee === 0 ? "" : String(search.assignee));
  put("sort", search.sort === "last_seen" ? "" : search.sort);
  put("order", search.ascending ? "asc" : "");
  return next;
}

/** Whether anything but scope and status narrows the list. */
export const isNarrowed = (search: IssueSearch): boolean =>
  search.levels.length > 0 ||
  search.states.length > 0 ||
  search.release !== "" ||
  search.text !== "" ||
  search.assignee !== 0 ||
  search.environment !== "";

const union = <T>(known: readonly T[], first: readonly T[], second: T): T[] =>
  known.filter((each) => first.includes(each) || each === second);

/** Where any of it stands, only the server knows what is meant. */
const COMPOSED = /[()!]|(?:^|\s)(?:AND|OR|NOT)(?:\s|$)/;
/** What is neither a word nor a token that is known here. */
const ASKED = /[:*"\\]/;

/** Whether a text says itself how issues stand: then the filter beside it does not. */
const STATUS_NAMED = new RegExp(`(?:^|[\\s(!])is:"?(?:${STATUSES.join("|")})\\b`, "i");

/** The statuses that the server is to hold the list to beside the text. */
export const statusesBeside = (search: IssueSearch): StatusName[] =>
  STATUS_NAMED.test(search.text) ? [] : search.statuses;

/** Whether only the server can tell what the text finds. */
export const isComposed = (search: IssueSearch): boolean =>
  COMPOSED.test(search.text) || ASKED.test(effective(search).text);

/** What a token means; null: it is no token, but text. */
function narrow(search: IssueSearch, key: string, value: string): Partial<IssueSearch> | null {
  const state = STATE_NAMES.find((name) => name === value);
  const level = LEVELS.find((name) => name === value);
  if (key === "is" && state) return { states: union(STATE_NAMES, search.states, state) };
  if (key === "is" && value === "unassigned") return { assignee: NOBODY };
  if (key === "level" && level) return { levels: union(LEVELS, search.levels, level) };
  if (value === "" || value.includes("*")) return null;
  if (key === "release") return { release: value };
  if (key === "environment") return { environment: value };
  return null;
}

const TOKEN = /(^|\s)(is|level|release|environment):(?:"([^"]*)"|(\S+))/gi;

/** The search with the tokens of a plain text as filters, and the rest as text. */
export function effective(search: IssueSearch): IssueSearch {
  let found = { ...search, statuses: statusesBeside(search) };
  if (COMPOSED.test(search.text)) return found;
  const text = search.text.replace(
    TOKEN,
    (whole, _before: string, key: string, quoted: string | undefined, plain: string | undefined) => {
      const value = quoted ?? plain ?? "";
      // Nothing has two statuses: they add up.
      const status = key.toLowerCase() === "is" ? STATUSES.find((name) => name === value) : undefined;
      const change = status
        ? { statuses: union(STATUSES, found.statuses, status) }
        : narrow(found, key.toLowerCase(), value);
      if (!change) return whole;
      found = { ...found, ...change };
      return " ";
    },
  );
  return { ...found, text: text.replace(/\s+/g, " ").trim() };
}
