// Commands for what is selected: rows, or everything that matches. The latter is read
// first, a thousand at a time, so that each issue can be put back as it was.
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Issue, Issue_Member } from "@/gen/errata/v1/issue_pb";
import { failureOf } from "@/shared/format/failure";
import type { StatusName } from "@/shared/format/issue";
import { loadChunk } from "@/shared/load/chunk";
import { useNotices } from "@/shared/state/notices";
import { allIssues } from "../api/listIssues";
import { type Operation, perform } from "../api/operations";
import { assignOperation, statusOperation } from "../api/triage";
import type { IssueSearch } from "./search";
import type { Selection } from "./useSelection";

export interface Bulk {
  /** Everything is being read or changed. */
  busy: boolean;
  setStatus: (issues: readonly Issue[], status: StatusName) => void;
  assign: (issues: readonly Issue[], member: Issue_Member | undefined) => void;
  merge: (issues: readonly Issue[]) => void;
}

/** `refresh`: the list from its beginning, after a command for more than what is loaded. */
export function useBulk(search: IssueSearch, selection: Selection, refresh: () => Promise<void>): Bulk {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);

  const changeEverything = async (operationOf: (issues: readonly Issue[]) => Operation) => {
    setBusy(true);
    try {
      await perform(client, operationOf(await allIssues(search)));
      await refresh();
    } catch (cause) {
      useNotices.getState().fail(`Nothing was changed: ${failureOf(cause).reason}.`, {
        topic: "everything",
        errorId: failureOf(cause).id,
        retry: () => void changeEverything(operationOf),
      });
    } finally {
      setBusy(false);
    }
  };

  const change = (issues: readonly Issue[], operationOf: (issues: readonly Issue[]) => Operation) => {
    if (selection.everything) void changeEverything(operationOf);
    else void perform(client, operationOf(issues));
    selection.clear();
  };

  const merge = async (issues: readonly Issue[]) => {
    setBusy(true);
    // Seldom used: its code comes when it is.
    const code = await loadChunk("merge", async () => (await import("../api/merge")).mergeIssues);
    if (code.kind === "loaded") await code.value(client, issues, refresh);
    else {
      const retry = () => void merge(issues);
      useNotices.getState().fail("Not merged: a part of the page could not be fetched.", { topic: "merge", retry });
    }
    setBusy(false);
  };

  return {
    busy,
    merge: (issues) => {
      selection.clear();
      void merge(issues);
    },
    setStatus: (issues, status) => change(issues, (all) => statusOperation(all, status)),
    assign: (issues, member) => change(issues, (all) => assignOperation(all, member)),
  };
}
