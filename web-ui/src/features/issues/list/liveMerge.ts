// Live changes in a list. Rows that are shown change in place, whatever their new
// state; rows that are not shown wait, so that nothing moves under the pointer.
import type { Issue } from "@/gen/errata/v1/issue_pb";
import { levelName, statusName } from "@/shared/format/issue";
import { toDate } from "@/shared/format/time";
import type { IssuePages } from "../api/listIssues";
import { effective, isComposed, NOBODY, type IssueSearch } from "./search";

/** `pages` with every issue mapped; the same object when nothing changed. */
export function mapIssues(pages: IssuePages, change: (issue: Issue) => Issue): IssuePages {
  const next = mapped(pages.pages, (page) => {
    const issues = mapped(page.issues, change);
    return issues === page.issues ? page : { ...page, issues };
  });
  return next === pages.pages ? pages : { ...pages, pages: next };
}

/** Copied only where something changes: of a hundred pages one does, many times a second. */
function mapped<T>(all: T[], change: (each: T) => T): T[] {
  let next = all;
  for (const [index, each] of all.entries()) {
    const changed = change(each);
    if (changed === each) continue;
    if (next === all) next = [...all];
    next[index] = changed;
  }
  return next;
}

/** The rows of pages, once for each state that they are in. */
const flattened = new WeakMap<IssuePages, Issue[]>();

export function flatten(pages: IssuePages | undefined): Issue[] {
  if (!pages) return [];
  const known = flattened.get(pages);
  if (known) return known;
  const rows: Issue[] = [];
  const seen = new Set<string>();
  for (const page of pages.pages) {
    for (const issue of page.issues) {
      // A row that moved between two fetched pages would appear twice.
      if (seen.has(issue.id)) continue;
      seen.add(issue.id);
      rows.push(issue);
    }
  }
  flattened.set(pages, rows);
  return rows;
}

/** The row of an issue among them, if it is shown. */
export function rowOf(pages: IssuePages, id: string): Issue | undefined {
  for (const page of pages.pages) {
    const row = page.issues.find((each) => each.id === id);
    if (row) return row;
  }
  return undefined;
}

const since = (time: Issue["firstSeen"], fromMs: number): boolean =>
  time !== undefined && toDate(time).getTime() >= fromMs;

/** What a command can change of whether an issue belongs. */
export function matchesTriage(issue: Issue, search: IssueSearch): boolean {
  const { statuses, assignee } = effective(search);
  return (
    (statuses.length === 0 || statuses.includes(statusName(issue.status))) &&
    (assignee === 0 || (assignee === NOBODY ? issue.assignee === undefined : issue.assignee?.id === assignee))
  );
}

/** Whether an issue belongs to the list, as far as it can be told from the issue. `fromMs`: the range's start. */
export function matches(issue: Issue, search: IssueSearch, fromMs: number): boolean {
  const { projectIds, levels, states, text } = effective(search);
  const holds = `${issue.title} ${issue.culprit}`.toLowerCase();
  return (
    (projectIds.length === 0 || projectIds.includes(issue.projectId)) &&
    (levels.length === 0 || levels.includes(levelName(issue.level))) &&
    (!states.includes("new") || since(issue.firstSeen, fromMs)) &&
    (!states.includes("regressed") || since(issue.regressedAt, fromMs)) &&
    matchesTriage(issue, search) &&
    text
      .toLowerCase()
      .split(/\s+/)
      .every((word) => holds.includes(word))
  );
}

/**
 * Whether only the server can tell who belongs: an issue does not name its events' environments and
 * releases, and what a query composes is not read here.
 */
export const asksServer = (search: IssueSearch): boolean => {
  const { environment, release } = effective(search);
  return environment !== "" || release !== "" || search.span !== null || isComposed(search);
};

export type News = "new" | "changed";
/** Issues that belong to the list and are not shown yet. */
export type Waiting = ReadonlyMap<string, News>;

export interface Merged {
  pages: IssuePages;
  waiting: Waiting;
}

/** Where the issue would stand among the rows; beyond what is loaded it need not wait. */
function ranksBelow(issue: Issue, last: Issue, search: IssueSearch): boolean {
  const key = (each: Issue): bigint | number => {
    switch (search.sort) {
      case "count":
        return each.rangeCount;
      case "users":
        return each.rangeUsers;
      case "first_seen":
        return each.firstSeen?.seconds ?? 0n;
      case "last_seen":
        return each.lastSeen?.seconds ?? 0n;
    }
  };
  return search.ascending ? key(issue) > key(last) : key(issue) < key(last);
}

export function mergeLive(now: Merged, issue: Issue, search: IssueSearch, isNew: boolean): Merged {
  if (rowOf(now.pages, issue.id)) {
    return { ...now, pages: mapIssues(now.pages, (each) => (each.id === issue.id ? issue : each)) };
  }
  const page = now.pages.pages.at(-1);
  const last = page?.nextCursor ? page.issues.at(-1) : undefined;
  const belongs = matches(issue, search, page?.fromMs ?? 0) && !(last && ranksBelow(issue, last, search));
  if (belongs === now.waiting.has(issue.id)) return now;
  const waiting = new Map(now.waiting);
  if (belongs) waiting.set(issue.id, isNew ? "new" : "changed");
  else waiting.delete(issue.id);
  return { ...now, waiting };
}

/** An event is on its way so long that its time may lie before a read that does not know it. */
const ON_THE_WAY_MS = 60_000;

/** What a fresh read of the first rows tells: shown rows change in place, others wait. `askedAtMs`: when the shown rows were asked for. */
export function mergeFresh(now: Merged, fresh: IssuePages, askedAtMs: number): Merged {
  const fromMs = askedAtMs - ON_THE_WAY_MS;
  const byId = new Map(flatten(fresh).map((issue) => [issue.id, issue]));
  const pages = mapIssues(now.pages, (each) => byId.get(each.id) ?? each);
  const shown = new Set(flatten(now.pages).map((issue) => issue.id));
  // What was loaded further down need not be among the first rows now, and what is
  // only now within so many rows has moved up because something happened to it.
  const others = [...byId.values()].filter((issue) => !shown.has(issue.id) && since(issue.lastSeen, fromMs));
  return {
    pages,
    waiting: new Map(others.map((issue) => [issue.id, since(issue.firstSeen, fromMs) ? "new" : "changed"])),
  };
}

/** "2 new issues · 5 changed". */
export function newsWords(waiting: Waiting): string {
  const fresh = [...waiting.values()].filter((news) => news === "new").length;
  const changed = waiting.size - fresh;
  const count = (value: number, word: string) =>
    `${value.toLocaleString("en")} ${word}${value === 1 ? "issue" : "issues"}`;
  if (changed === 0) return count(fresh, "new ");
  if (fresh === 0) return `${count(changed, "")} changed`;
  return `${count(fresh, "new ")}, ${changed.toLocaleString("en")} changed`;
}
