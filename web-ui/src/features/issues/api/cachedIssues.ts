// The issues as they are cached, wherever that is: lists and single ones. Changes
// them without fetching, and without making a list look freshly fetched.
import type { QueryClient } from "@tanstack/react-query";
import { create } from "zustand";
import type { GetIssueResponse, Issue } from "@/gen/errata/v1/issue_pb";
import { mapIssues } from "../list/liveMerge";
import type { IssuePages } from "./listIssues";
import { issueKeys } from "../keys";

export type Change = (issue: Issue) => Issue;

/** Edits one cached list; its age stays what it is. */
export function editList(client: QueryClient, key: readonly unknown[], edit: (pages: IssuePages) => IssuePages): void {
  const state = client.getQueryState<IssuePages>(key);
  if (!state?.data) return;
  const next = edit(state.data);
  if (next !== state.data) client.setQueryData(key, next, { updatedAt: state.dataUpdatedAt });
}

/** Applies `change` to the issues wherever they are cached. */
export function changeIssues(client: QueryClient, ids: ReadonlySet<string>, change: Change): void {
  for (const query of client.getQueryCache().findAll({ queryKey: issueKeys.lists })) {
    editList(client, query.queryKey, (pages) =>
      mapIssues(pages, (issue) => (ids.has(issue.id) ? change(issue) : issue)),
    );
  }
  client.setQueriesData<GetIssueResponse>({ queryKey: issueKeys.ones }, (response) =>
    response?.issue && ids.has(response.issue.id) ? { ...response, issue: change(response.issue) } : response,
  );
}

interface OwnChanges {
  /** Issues this reader changed: what no longer belongs to a list leaves it at once, while what others change stays in its place. */
  ids: ReadonlySet<string>;
  /** When the last command was answered: lists fetched before are old. */
  answeredAtMs: number;
  add: (ids: readonly string[]) => void;
  answered: () => void;
  forget: () => void;
}

export const useOwnChanges = create<OwnChanges>()((set) => ({
  ids: new Set(),
  answeredAtMs: 0,
  add: (ids) => set((state) => ({ ids: new Set([...state.ids, ...ids]) })),
  answered: () => set({ answeredAtMs: Date.now() }),
  forget: () => set({ ids: new Set() }),
}));
