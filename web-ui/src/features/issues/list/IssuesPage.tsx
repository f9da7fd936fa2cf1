// The issue list: what broke, since when, for how many. Its whole state is in the
// URL; live changes come in place, new rows wait.
import Button from "@mui/material/Button";
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Link, useSearchParams } from "react-router";
import type { Issue } from "@/gen/errata/v1/issue_pb";
import { useProjects } from "@/shared/api/listProjects";
import { exactCount, plural } from "@/shared/format/count";
import { PageHead } from "@/shared/ui/bits";
import { EmptyState, ErrorState } from "@/shared/ui/states";
import { rangeSeconds, rangeWords, scopeSearch } from "@/shared/url/scope";
import { issuesKey, type IssuePages, useIssues } from "../api/listIssues";
import { useIssueStream } from "../api/streamIssues";
import { useTriage } from "../api/triage";
import { AssignMenu } from "../AssignMenu";
import { FilterBar } from "./FilterBar";
import { flatten, mergeLive } from "./liveMerge";
import { IssueRow, IssueRowSkeleton, IssueTableHead } from "./IssueRow";
import { LiveDot } from "./LiveDot";
import { isNarrowed, parseSearch, writeSearch, type IssueSearch } from "./search";
import { SelectionBar } from "./SelectionBar";
import { ShortcutHelp } from "./ShortcutHelp";
import { useListKeys } from "./useListKeys";
import styles from "./list.module.css";

const NOTHING_WAITS: ReadonlySet<string> = new Set();

export function IssuesPage() {
  const [params, setParams] = useSearchParams();
  const search = useMemo(() => parseSearch(params), [params]);
  const setSearch = useCallback(
    (change: Partial<IssueSearch>) => setParams((now) => writeSearch(now, { ...parseSearch(now), ...change })),
    [setParams],
  );
  const listKey = JSON.stringify(search);
  // A new list starts with nothing waiting and nothing selected.
  return <IssueList key={listKey} search={search} setSearch={setSearch} />;
}

interface IssueListProps {
  search: IssueSearch;
  setSearch: (change: Partial<IssueSearch>) => void;
}

function useLiveList(search: IssueSearch) {
  const client = useQueryClient();
  const [waiting, setWaiting] = useState(NOTHING_WAITS);
  const waitingNow = useRef(waiting);
  useEffect(() => {
    waitingNow.current = waiting;
  }, [waiting]);
  const refresh = useCallback(() => {
    setWaiting(NOTHING_WAITS);
    return client.invalidateQueries({ queryKey: issuesKey(search) });
  }, [client, search]);
  const state = useIssueStream({
    projectIds: search.projectIds,
    rangeS: rangeSeconds(search.range),
    onMessage: ({ issue }) => {
      const pages = client.getQueryData<IssuePages>(issuesKey(search));
      if (!issue || !pages) return;
      const merged = mergeLive({ pages, waiting: waitingNow.current }, issue, search);
      if (merged.pages !== pages) client.setQueryData(issuesKey(search), merged.pages);
      waitingNow.current = merged.waiting;
      setWaiting(merged.waiting);
    },
    onGap: () => void refresh(),
  });
  return { state, waiting, refresh };
}

function IssueList({ search, setSearch }: IssueListProps) {
  const query = useIssues(search);
  const projects = useProjects();
  const triage = useTriage();
  const live = useLiveList(search);
  const issues = useMemo(() => flatten(query.data), [query.data]);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [assigning, setAssigning] = useState<{ anchor: HTMLElement; issues: Issue[] } | null>(null);
  const [help, setHelp] = useState(false);
  const searchField = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);

  const chosen = useMemo(() => issues.filter((issue) => selected.has(issue.id)), [issues, selected]);
  const toggle = useCallback((id: string) => {
    setSelected((now) => {
      const next = new Set(now);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  }, []);
  const setStatus = (targets: readonly Issue[], status: "resolved" | "ignored" | "unresolved") => {
    triage.setStatus(targets, status);
    setSelected(new Set());
  };

  useListKeys({
    list,
    issues,
    chosen,
    onResolve: (targets) => setStatus(targets, "resolved"),
    onIgnore: (targets) => setStatus(targets, "ignored"),
    onAssign: (targets, anchor) => setAssigning({ anchor, issues: targets }),
    onToggle: toggle,
    onSearch: () => searchField.current?.focus(),
    onHelp: () => setHelp(true),
    onEscape: () => setSelected(new Set()),
  });

  const projectName = (id: number) => projects.data?.find((project) => project.id === id)?.name ?? `project ${id}`;
  const total = query.data?.pages[0]?.total ?? 0;
  const allChosen = issues.length > 0 && chosen.length === issues.length;

  return (
    <div className={styles.page}>
      <PageHead title="Issues">
        <span className={styles.total} aria-live="polite">
          {query.data && (total > 10_000 ? "more than 10,000" : exactCount(total))}
        </span>
        <span className={styles.spacer} />
        <LiveDot state={live.state} />
      </PageHead>
      <FilterBar search={search} setSearch={setSearch} field={searchField} onHelp={() => setHelp(true)} />
      <div className={styles.table} ref={list}>
        {chosen.length > 0 ? (
          <SelectionBar
            count={chosen.length}
            all={allChosen}
            onAll={() => setSelected(allChosen ? new Set() : new Set(issues.map((issue) => issue.id)))}
            onStatus={(status) => setStatus(chosen, status)}
            onAssign={(anchor) => setAssigning({ anchor, issues: chosen })}
            onClear={() => setSelected(new Set())}
          />
        ) : (
          <IssueTableHead search={search} setSearch={setSearch} onAll={() => setSelected(new Set(issues.map((issue) => issue.id)))} disabled={issues.length === 0} />
        )}
        {live.waiting.size > 0 && (
          <button type="button" className={styles.waiting} onClick={() => void live.refresh()}>
            {plural(live.waiting.size, "new issue", "new issues")} · show
          </button>
        )}
        {query.isPending && Array.from({ length: 12 }, (_, index) => <IssueRowSkeleton key={index} index={index} />)}
        {query.isError && issues.length === 0 && <ErrorState error={query.error} retry={() => void query.refetch()} />}
        {query.data && issues.length === 0 && <NoIssues search={search} setSearch={setSearch} hasEvents={projects.data?.some((project) => project.events > 0n) ?? true} />}
        {issues.map((issue) => (
          <IssueRow key={issue.id} issue={issue} projectName={projectName(issue.projectId)} search={scopeSearch(search)} selected={selected.has(issue.id)} onToggle={toggle} onAssign={(anchor) => setAssigning({ anchor, issues: [issue] })} />
        ))}
      </div>
      {query.hasNextPage && (
        <Button variant="outlined" sx={{ alignSelf: "center" }} disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          {query.isFetchingNextPage ? "Loading…" : "Show more"}
        </Button>
      )}
      <AssignMenu
        anchor={assigning?.anchor ?? null}
        current={assigning?.issues.length === 1 ? assigning.issues[0]?.assignee?.id : undefined}
        onClose={() => setAssigning(null)}
        onChoose={(member) => {
          if (assigning) triage.assign(assigning.issues, member);
          setSelected(new Set());
          setAssigning(null);
        }}
      />
      <ShortcutHelp open={help} onClose={() => setHelp(false)} />
    </div>
  );
}

function NoIssues({ search, setSearch, hasEvents }: IssueListProps & { hasEvents: boolean }) {
  if (!hasEvents) {
    return (
      <EmptyState
        icon="projects"
        title="No errors have arrived yet"
        actions={
          <Button variant="contained" component={Link} to={`/projects/${search.projectIds[0] ?? 1}`}>
            Set up a project
          </Button>
        }
      >
        Connect an application with three lines of code; its first error appears here by itself.
      </EmptyState>
    );
  }
  if (isNarrowed(search)) {
    return (
      <EmptyState
        icon="filter"
        title="Nothing matches these filters"
        actions={
          <Button variant="outlined" onClick={() => setSearch({ levels: [], release: "", text: "", assignee: 0, environment: "" })}>
            Clear filters
          </Button>
        }
      >
        In the {rangeWords(search.range)} no issue has all of them. Remove one, or widen the time range.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon="check"
      title="All quiet"
      actions={
        <>
          <Button variant="outlined" onClick={() => setSearch({ range: "30d" })}>
            Look at 30 days
          </Button>
          <Button variant="text" onClick={() => setSearch({ statuses: [] })}>
            Show every status
          </Button>
        </>
      }
    >
      No {search.statuses.length === 0 ? "" : `${search.statuses.join(" or ")} `}issue in the {rangeWords(search.range)}.
    </EmptyState>
  );
}
