// The list follows the server: what is shown changes in place, what is not waits.
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Issue } from "@/gen/errata/v1/issue_pb";
import { scopeSeconds } from "@/shared/url/scope";
import { editList, useOwnChanges } from "../api/cachedIssues";
import { isOld, type IssuePages, PAGE_SIZE, peekIssues, reloadIssues } from "../api/listIssues";
import { type LiveState, useIssueStream } from "../api/streamIssues";
import { asksServer, flatten, mergeFresh, mergeLive, rowOf, type Waiting } from "./liveMerge";
import { effective, type IssueSearch } from "./search";
import { issueKeys } from "../keys";

const NOTHING_WAITS: Waiting = new Map();
/** Where only the server can tell what belongs, it is asked at most so often. */
const PEEK_MS = 5000;
/** The stream counts within at least an hour. */
const STREAM_RANGE_MIN_S = 3600;

export interface LiveList {
  state: LiveState;
  waiting: Waiting;
  /** Shows what waits: the list from its beginning. */
  refresh: () => Promise<void>;
}

/** Keeps what the row counts: the stream does not know a past span. */
const withNumbersOf = (row: Issue, issue: Issue): Issue => ({
  ...issue,
  rangeCount: row.rangeCount,
  rangeUsers: row.rangeUsers,
  sparkline: row.sparkline,
});

/** `fetching`: rows are on their way, which show the list as it was when they were asked for. */
export function useLiveList(search: IssueSearch, fetching: boolean): LiveList {
  const client = useQueryClient();
  const [news, setNews] = useState<{ search: IssueSearch; waiting: Waiting }>({ search, waiting: NOTHING_WAITS });
  // Another list begins with nothing waiting.
  const waiting = news.search === search ? news.waiting : NOTHING_WAITS;
  const latest = useRef({ search, waiting, fetching });
  useEffect(() => {
    latest.current = { search, waiting, fetching };
  });
  const wait = useCallback((now: Waiting) => {
    latest.current.waiting = now;
    setNews({ search: latest.current.search, waiting: now });
  }, []);

  const peek = useCallback(async () => {
    const key = issueKeys.list(search);
    const loaded = client.getQueryData<IssuePages>(key);
    if (!loaded) return;
    const askedAtMs = loaded.pages[0]?.askedAtMs ?? 0;
    try {
      const fresh = await peekIssues(search, flatten(loaded).length);
      if (latest.current.search !== search) return;
      editList(client, key, (pages) => {
        const merged = mergeFresh({ pages, waiting: latest.current.waiting }, fresh, askedAtMs);
        wait(merged.waiting);
        return merged.pages;
      });
    } catch {
      // The stream says that it broke, and tries again.
    }
  }, [client, search, wait]);

  /** Changes heard so far, and when there were as many as the shown rows know of: at the moment they were asked for. */
  const heard = useRef(0);
  const known = useRef(0);
  const catchUp = useCallback(() => {
    if (heard.current === known.current) return;
    known.current = heard.current;
    void peek();
  }, [peek]);

  const refresh = useCallback(async () => {
    const before = heard.current;
    await reloadIssues(client, search, PAGE_SIZE);
    useOwnChanges.getState().forget();
    wait(NOTHING_WAITS);
    known.current = before;
    catchUp();
  }, [client, search, wait, catchUp]);

  useEffect(() => {
    // What is heard while rows are on their way is not in them, and lost with the old ones.
    if (fetching) known.current = heard.current;
    else catchUp();
  }, [fetching, catchUp]);

  const peekTimer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const peekSoon = useCallback(() => {
    peekTimer.current ??= setTimeout(() => {
      peekTimer.current = undefined;
      void peek();
    }, PEEK_MS);
  }, [peek]);
  useEffect(
    () => () => {
      clearTimeout(peekTimer.current);
      peekTimer.current = undefined;
    },
    [search],
  );

  // A list one comes back to is shown at once and read again when it is old.
  useEffect(() => {
    if (!isOld(client, search, useOwnChanges.getState().answeredAtMs)) return;
    const rows = flatten(client.getQueryData<IssuePages>(issueKeys.list(search))).length;
    void reloadIssues(client, search, rows).catch(() => undefined);
  }, [client, search]);

  const { environment, release } = effective(search);
  const state = useIssueStream({
    projectIds: search.projectIds,
    rangeS: Math.max(STREAM_RANGE_MIN_S, scopeSeconds(search)),
    environment,
    release,
    onMessage: ({ issue, isNew }) => {
      if (!issue) return;
      heard.current += 1;
      // Rows that are shown and not on their way take it as it comes.
      if (!latest.current.fetching) known.current += 1;
      editList(client, issueKeys.list(search), (pages) => {
        const row = rowOf(pages, issue.id);
        if (!row && asksServer(search)) {
          peekSoon();
          return pages;
        }
        const merged = mergeLive(
          { pages, waiting: latest.current.waiting },
          row && search.span ? withNumbersOf(row, issue) : issue,
          search,
          isNew,
        );
        if (merged.waiting !== latest.current.waiting) wait(merged.waiting);
        return merged.pages;
      });
    },
    // Between the read of the rows and this moment something may have changed.
    onOpen: () => {
      heard.current += 1;
      if (!latest.current.fetching) catchUp();
    },
    onGap: () => void peek(),
  });
  return { state, waiting, refresh };
}
