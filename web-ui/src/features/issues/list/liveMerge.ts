// Live changes in a list. Rows that are shown change in place, whatever their new
// state; rows that are not shown wait, so that nothing moves under the pointer.
import type { Issue } from "@/gen/errata/v1/issue_pb";
import { levelName, statusName } from "@/shared/format/issue";
import type { IssuePages } from "../api/listIssues";
import type { IssueSearch } from "./search";

/** `pages` with every issue mapped; the same object when nothing changed. */
export function mapIssues(pages: IssuePages, change: (issue: Issue) => Issue): IssuePages {
  const next = pages.pages.map((page) => {
    const issues = page.issues.map(change);
    return issues.every((issue, index) => issue === page.issues[index]) ? page : { ...page, issues };
  });
  return next.every((page, index) => page === pages.pages[index]) ? pages : { ...pages, pages: next };
}

export const flatten = (pages: IssuePages | undefined): Issue[] => {
  const seen = new Set<string>();
  // A row that moved between two fetched pages would appear twice.
  return (pages?.pages ?? []).flatMap((page) => page.issues.filter((issue) => !seen.has(issue.id) && seen.add(issue.id)));
};

/** Whether an issue that is not shown belongs to the list. An environment cannot be told from an issue: those wait too. */
export function matches(issue: Issue, search: IssueSearch): boolean {
  const holds = `${issue.title} ${issue.culprit}`.toLowerCase();
  return (
    (search.projectIds.length === 0 || search.projectIds.includes(issue.projectId)) &&
    (search.statuses.length === 0 || search.statuses.includes(statusName(issue.status))) &&
    (search.levels.length === 0 || search.levels.includes(levelName(issue.level))) &&
    (search.release === "" || issue.lastRelease === search.release || issue.firstRelease === search.release) &&
    (search.assignee === 0 || issue.assignee?.id === search.assignee) &&
    search.text.toLowerCase().split(/\s+/).every((word) => holds.includes(word))
  );
}

export interface Merged {
  pages: IssuePages;
  /** Ids of issues that belong to the list and are not shown yet. */
  waiting: ReadonlySet<string>;
}

export function mergeLive(now: Merged, issue: Issue, search: IssueSearch): Merged {
  const shown = now.pages.pages.some((page) => page.issues.some((each) => each.id === issue.id));
  if (shown) {
    return { ...now, pages: mapIssues(now.pages, (each) => (each.id === issue.id ? issue : each)) };
  }
  const belongs = matches(issue, search);
  if (belongs === now.waiting.has(issue.id)) return now;
  const waiting = new Set(now.waiting);
  if (belongs) waiting.add(issue.id);
  else waiting.delete(issue.id);
  return { ...now, waiting };
}
