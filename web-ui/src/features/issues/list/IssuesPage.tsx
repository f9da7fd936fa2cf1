// The issue list: what broke, since when, for how many. Its whole state is in the
// URL; live changes come in place, new rows wait. Nothing of the page is made anew
// when the search changes: the field keeps its focus, the table its old rows, dimmed,
// until the new ones are there.
import IconButton from "@mui/material/IconButton";
import { useQueryClient } from "@tanstack/react-query";
import { Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Issue } from "@/gen/errata/v1/issue_pb";
import { useProjects } from "@/shared/api/listProjects";
import { exactCount } from "@/shared/format/count";
import { type Failure, failureOf } from "@/shared/format/failure";
import { lazyPart } from "@/shared/load/parts";
import { AlertsOff } from "@/shared/ui/AlertsOff";
import { PageHead } from "@/shared/ui/bits";
import { Icon } from "@/shared/ui/Icon";
import { EmptyState, ErrorState } from "@/shared/ui/states";
import { changed, useParamsNow } from "@/shared/url/params";
import { scopeSearch, withinScope } from "@/shared/url/scope";
import { useOwnChanges } from "../api/cachedIssues";
import { reloadIssues, useIssues } from "../api/listIssues";
import { COMMAND_ISSUES_MAX } from "../api/operations";
import { AssignMenu } from "../AssignMenu";
import { FilterBar } from "./FilterBar";
import { IssueFacets } from "./IssueFacets";
import { IssueRowSkeleton } from "./IssueRow";
import { ListSwitch } from "./ListSwitch";
import { LiveDot } from "./LiveDot";
import { flatten, matchesTriage } from "./liveMerge";
import { NoIssues } from "./NoIssues";
import { Rows, type RowsHandle } from "./Rows";
import { parseSearch, type SetSearch, writeSearch, type IssueSearch } from "./search";
import { SelectionBar } from "./SelectionBar";
import { TableHead } from "./TableHead";
import { useBulk } from "./useBulk";
import { useListKeys } from "./useListKeys";
import { useLiveList } from "./useLiveList";
import { useSelection } from "./useSelection";
import styles from "./list.module.css";

const ListHelp = lazyPart("ListHelp", async () => (await import("./ListHelp")).ListHelp);

/** Issues that can be made one: several, of one project, none of them discarded. */
const isMergeable = (issues: readonly Issue[]): boolean =>
  issues.length > 1 &&
  issues.length <= COMMAND_ISSUES_MAX &&
  issues.every((issue) => issue.projectId === issues[0]?.projectId && !issue.isDiscarded);

function useSearch(): [IssueSearch, SetSearch] {
  const [params, write] = useParamsNow();
  const search = useMemo(() => parseSearch(params), [params]);
  const setSearch = useCallback<SetSearch>(
    (change, replace = false) => write((now) => writeSearch(now, changed(parseSearch(now), change)), { replace }),
    [write],
  );
  return [search, setSearch];
}

/** Loaded rows, without those that this reader's own commands took out of the list. */
function useRows(search: IssueSearch) {
  const query = useIssues(search);
  const own = useOwnChanges((state) => state.ids);
  const loaded = useMemo(() => flatten(query.data), [query.data]);
  const issues = useMemo(
    // Old rows that stand in for a list not there yet are of another search.
    () =>
      query.isPlaceholderData || own.size === 0
        ? loaded
        : loaded.filter((issue) => !own.has(issue.id) || matchesTriage(issue, search)),
    [loaded, own, search, query.isPlaceholderData],
  );
  const first = query.data?.pages[0];
  const total = Math.max(issues.length, (first?.total ?? 0) - (loaded.length - issues.length));
  return { query, issues, total, fromMs: first?.countedFromMs ?? 0 };
}

/** Why the server cannot read the query; null: it can, or something else failed. */
function faultOf(error: unknown): Failure | null {
  if (!error) return null;
  const failure = failureOf(error);
  return failure.kind === "refused" && failure.field === "query" ? failure : null;
}

/** What makes another list; the order does not. */
const listKeyOf = (search: IssueSearch) => JSON.stringify({ ...search, sort: "", ascending: false });

export function IssuesPage() {
  const client = useQueryClient();
  const [search, setSearch] = useSearch();
  const projects = useProjects();
  const { query, issues, total, fromMs } = useRows(search);
  const fault = useMemo(() => faultOf(query.error), [query.error]);
  const live = useLiveList(search, query.isFetching);
  const selection = useSelection(issues, listKeyOf(search));
  const bulk = useBulk(search, selection, live.refresh);
  const [assigning, setAssigning] = useState<{ anchor: HTMLElement; issues: readonly Issue[] } | null>(null);
  const [help, setHelp] = useState(false);
  const searchField = useRef<HTMLInputElement>(null);
  const table = useRef<HTMLDivElement>(null);
  const rows = useRef<HTMLDivElement>(null);
  const rowsHandle = useRef<RowsHandle>(null);
  const { chosen } = selection;
  const { waiting, refresh } = live;

  // Waiting is for lists with rows: an empty one fills itself.
  const empty = query.data !== undefined && !query.isPlaceholderData && !query.hasNextPage && issues.length === 0;
  useEffect(() => {
    if (empty && waiting.size > 0) void refresh().catch(() => undefined);
  }, [empty, waiting, refresh]);

  useListKeys({
    list: table,
    issues,
    chosen,
    scrollTo: (index) => rowsHandle.current?.scrollTo(index),
    onResolve: (targets) => bulk.setStatus(targets, "resolved"),
    onIgnore: (targets) => bulk.setStatus(targets, "ignored"),
    onAssign: (targets, anchor) => setAssigning({ anchor, issues: targets }),
    onToggle: selection.toggle,
    onSearch: () => searchField.current?.focus(),
    onHelp: () => setHelp(true),
    onEscape: selection.clear,
  });

  const projectNames = useMemo(
    () => new Map((projects.data ?? []).map((project) => [project.id, project.name])),
    [projects.data],
  );
  const projectName = useCallback((id: number) => projectNames.get(id) ?? `project ${id}`, [projectNames]);
  const assign = useCallback((issue: Issue, anchor: HTMLElement) => setAssigning({ anchor, issues: [issue] }), []);
  const scope = useMemo(() => scopeSearch(search), [search]);
  const canMerge = !selection.everything && isMergeable(chosen);
  const allChosen = issues.length > 0 && chosen.length >= issues.length;
  const selectAll = () => selection.set(issues);
  const reload = () => void reloadIssues(client, search, Math.max(1, issues.length)).catch(() => undefined);
  const { fetchNextPage } = query;
  const load = useCallback(() => void fetchNextPage(), [fetchNextPage]);

  return (
    <div className={styles.page}>
      <PageHead title="Issues" waiting={waiting.size}>
        <span className={styles.total} aria-live="polite">
          {query.data && !query.isPlaceholderData && exactCount(total)}
        </span>
        <ListSwitch here="issues" scope={search} query={search.text} />
        <span className={styles.spacer} />
        <LiveDot state={live.state} />
        <IconButton
          className={styles.helpButton}
          aria-label="Keyboard shortcuts"
          data-tip="Keyboard shortcuts (?)"
          onClick={() => setHelp(true)}
        >
          <Icon name="help" />
        </IconButton>
      </PageHead>
      <AlertsOff />
      <FilterBar search={search} setSearch={setSearch} field={searchField} fault={fault} />
      <IssueFacets search={search} setSearch={setSearch} />
      <div className={styles.table} ref={table} data-sort={search.sort} aria-busy={query.isPlaceholderData}>
        {chosen.length > 0 || bulk.busy ? (
          <SelectionBar
            count={chosen.length}
            total={total}
            all={allChosen}
            everything={selection.everything}
            busy={bulk.busy}
            onAll={allChosen || selection.everything ? selection.clear : selectAll}
            onEverything={selection.setEverything}
            onStatus={(status) => bulk.setStatus(chosen, status)}
            onAssign={(anchor) => setAssigning({ anchor, issues: chosen })}
            onMerge={canMerge ? () => bulk.merge(chosen) : undefined}
            onClear={selection.clear}
          />
        ) : (
          <TableHead
            search={search}
            setSearch={setSearch}
            waiting={waiting}
            onShow={() => void refresh().catch(() => undefined)}
            onAll={selectAll}
            disabled={issues.length === 0}
          />
        )}
        {query.isPending && Array.from({ length: 12 }, (_, index) => <IssueRowSkeleton key={index} index={index} />)}
        {fault && issues.length === 0 && (
          <EmptyState icon="search" title="The search cannot be read">
            What is marked above has no meaning there. Mend it, or put what is to be found as it stands in quotes.
          </EmptyState>
        )}
        {query.isError && !fault && issues.length === 0 && (
          <ErrorState error={query.error} retry={() => void query.refetch()} />
        )}
        {empty && (
          <NoIssues
            search={search}
            setSearch={setSearch}
            hasEvents={projects.data?.some((project) => project.events > 0n) ?? true}
          />
        )}
        {issues.length > 0 && (
          <Rows
            handle={rowsHandle}
            list={rows}
            issues={issues}
            projectName={projectName}
            scope={scope}
            within={withinScope(search)}
            fromMs={fromMs}
            isSelected={selection.has}
            onToggle={selection.toggle}
            onAssign={assign}
            more={{
              has: query.hasNextPage && !query.isPlaceholderData,
              loading: query.isFetchingNextPage,
              error: query.isFetchNextPageError ? query.error : null,
              load,
              // A cursor that the server does not take any more leads nowhere: begin anew.
              retry: () => (query.error && failureOf(query.error).kind === "refused" ? reload() : load()),
            }}
          />
        )}
      </div>
      <AssignMenu
        anchor={assigning?.anchor ?? null}
        current={assigning?.issues.length === 1 ? assigning.issues[0]?.assignee?.id : undefined}
        onClose={() => setAssigning(null)}
        onChoose={(member) => {
          if (assigning) bulk.assign(assigning.issues, member);
          setAssigning(null);
        }}
      />
      {help && (
        <Suspense fallback={null}>
          <ListHelp onClose={() => setHelp(false)} />
        </Suspense>
      )}
    </div>
  );
}
