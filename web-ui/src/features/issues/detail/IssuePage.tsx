// One issue through one of its events: what broke, the line of own code, what led
// there, who else is affected; and all its events as a table.
import Skeleton from "@mui/material/Skeleton";
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { Suspense, useMemo, useRef, useState } from "react";
import { Link, Navigate, useLocation, useNavigate, useParams } from "react-router";
import type { GetEventResponse } from "@/gen/errata/v1/event_read_pb";
import type { Issue } from "@/gen/errata/v1/issue_pb";
import { useProjects } from "@/shared/api/listProjects";
import { shortCount } from "@/shared/format/count";
import { statusName } from "@/shared/format/issue";
import { lazyPart } from "@/shared/load/parts";
import { ErrorState } from "@/shared/ui/states";
import { usePageTitle } from "@/shared/ui/usePageTitle";
import { rangeSeconds, scopeSearch, useScope } from "@/shared/url/scope";
import { useEvent } from "../api/getEvent";
import { getIssueQuery, useIssue } from "../api/getIssue";
import { useIssueStream } from "../api/streamIssues";
import { useTriage } from "../api/triage";
import { useWalk } from "../walkState";
import { CopyMenu } from "./CopyMenu";
import { EventBar } from "./EventBar";
import { IssueActions } from "./IssueActions";
import { IssueHeader, Trail } from "./IssueHeader";
import { useIssueKeys } from "./useIssueKeys";
import { usePlace } from "./walk";
import styles from "./detail.module.css";
import { isOfIssue, issueKeys } from "../keys";

// Each visit needs one of these; the router fetches it together with the page.
const Overview = lazyPart("Overview", async () => (await import("./Overview")).Overview);
const EventsTab = lazyPart("EventsTab", async () => (await import("./EventsTab")).EventsTab);
const IssueHelp = lazyPart("IssueHelp", async () => (await import("./IssueHelp")).IssueHelp);

/** Goes to the issue that another one is part of. */
function LeadOn({ to, mergedId }: { to: string; mergedId: string }) {
  // The same object each time: the way is gone anew with each other one, and each time
  // this is rendered while it is gone would begin it again.
  const state = useMemo(() => ({ mergedId }), [mergedId]);
  return <Navigate replace to={to} state={state} />;
}

export function IssuePage() {
  const { issueId = "", eventId = "latest" } = useParams();
  const location = useLocation();
  const isTable = location.pathname.endsWith("/events");
  // Set by the link to an issue that is part of this one.
  const mergedId = (location.state as { mergedId?: string } | null)?.mergedId;
  const [scope] = useScope();
  const search = scopeSearch(scope);
  const rangeS = rangeSeconds(scope.range);
  const client = useQueryClient();
  const query = useIssue(issueId, rangeS);
  const event = useEvent(issueId, eventId);
  const issue = query.data?.issue;
  const projects = useProjects();
  // Counts, activity and statistics change; the event that is being read stays.
  const reread = () => void client.invalidateQueries({ predicate: ({ queryKey }) => isOfIssue(queryKey, issueId) });
  const live = useIssueStream({
    projectIds: [],
    issueId,
    rangeS,
    onMessage: reread,
    onOpen: () => void changedMeanwhile(client, issueId, rangeS).then((changed) => changed && reread()),
    onGap: () => void client.invalidateQueries({ queryKey: issueKeys.all }),
  });
  const project = projects.data?.find((each) => each.id === issue?.projectId);
  usePageTitle(issue?.title ?? "Issue", project?.name);
  const place = usePlace(issueId);
  const list = `/issues${useWalk((state) => state.search) ?? search}`;
  const toEvent = (id: string) =>
    id === "latest" ? `/issues/${issueId}${search}` : `/issues/${issueId}/events/${id}${search}`;
  const toIssue = (id: string) => `/issues/${id}${search}`;
  const table = `/issues/${issueId}/events${search}`;
  const { actions, help } = useActions({
    issue,
    event: isTable ? undefined : event.data,
    place,
    list,
    toIssue,
    toEvent,
  });

  if (query.isError && !issue) return <ErrorState page error={query.error} retry={() => void query.refetch()} />;
  if (issue && query.data?.mergedId) {
    const to = location.pathname.replace(issueId, issue.id) + location.search;
    return <LeadOn to={to} mergedId={query.data.mergedId} />;
  }
  return (
    <div className={styles.page}>
      <Trail
        place={place}
        list={list}
        project={project && { name: project.name, to: `/issues${scopeSearch({ ...scope, projectIds: [project.id] })}` }}
        to={toIssue}
        issueId={issueId}
        live={live}
      />
      {issue ? (
        <IssueHeader
          issue={issue}
          keptEvents={query.data?.keptEvents ?? issue.count}
          scope={scope}
          eventsLink={table}
          project={project?.name ?? ""}
          actions={actions}
        />
      ) : (
        <HeaderSkeleton />
      )}
      {mergedId && (
        <p className={styles.mergedNote} role="status">
          Issue <code>{mergedId.slice(0, 8)}</code>, to which the link led, was merged into this one.
        </p>
      )}
      <div className={styles.tabs}>
        <nav aria-label="Parts of the issue">
          <Link to={toEvent("latest")} aria-current={isTable ? undefined : "page"}>
            Overview
          </Link>
          <Link to={table} aria-current={isTable ? "page" : undefined}>
            Events {issue && <span className={styles.tabCount}>{shortCount(issue.count)}</span>}
          </Link>
        </nav>
        {!isTable && event.data && (
          <EventBar
            response={event.data}
            to={toEvent}
            latestId={issue?.lastEventId ?? ""}
            project={project?.name ?? ""}
          >
            {issue && <CopyMenu issue={issue} response={event.data} project={project?.name ?? ""} />}
          </EventBar>
        )}
      </div>
      <Suspense fallback={<TabSkeleton />}>
        {isTable ? (
          query.data && <EventsTab key={issueId} issueId={issueId} response={query.data} />
        ) : (
          <Overview issueId={issueId} issue={query.data} event={event} table={table} />
        )}
      </Suspense>
      {help}
    </div>
  );
}

/** Whether the issue has changed between the first read and now, when the stream is open. */
async function changedMeanwhile(client: QueryClient, issueId: string, rangeS: number): Promise<boolean> {
  const query = getIssueQuery(issueId, rangeS);
  try {
    const { issue: read } = await client.query({ ...query, staleTime: "static" });
    const { issue: now } = await client.query({ ...query, staleTime: 0 });
    return read?.count !== now?.count || read?.status !== now?.status || read?.assignee?.id !== now?.assignee?.id;
  } catch {
    // The page says what is wrong with its own read.
    return false;
  }
}

interface ActionsOf {
  issue: Issue | undefined;
  event: GetEventResponse | undefined;
  place: ReturnType<typeof usePlace>;
  list: string;
  toIssue: (id: string) => string;
  toEvent: (id: string) => string;
}

/** The buttons, and the keys that do the same. */
function useActions({ issue, event, place, list, toIssue, toEvent }: ActionsOf) {
  const navigate = useNavigate();
  const triage = useTriage();
  const [helps, setHelps] = useState(false);
  const assign = useRef<HTMLButtonElement>(null);
  const go = (to: string | undefined) => (to ? () => void navigate(to) : undefined);
  const step = (id: string | undefined) =>
    id ? () => void navigate(toEvent(id), { preventScrollReset: true }) : undefined;
  const status = issue && statusName(issue.status);
  const toggle = (wanted: "resolved" | "ignored") =>
    issue && (() => triage.setStatus([issue], status === wanted ? "unresolved" : wanted));
  const { next } = place;
  const resolveAndNext =
    issue && next
      ? () => {
          triage.setStatus([issue], "resolved");
          void navigate(toIssue(next));
        }
      : undefined;
  useIssueKeys({
    j: go(next && toIssue(next)),
    k: go(place.previous && toIssue(place.previous)),
    "[": step(event?.olderEventId),
    "]": step(event?.newerEventId),
    e: toggle("resolved"),
    E: resolveAndNext,
    i: toggle("ignored"),
    a: () => assign.current?.click(),
    Escape: go(list),
    "?": () => setHelps(true),
  });
  return {
    actions: issue && (
      <IssueActions
        issue={issue}
        triage={triage}
        resolveAndNext={resolveAndNext}
        assign={assign}
        onHelp={() => setHelps(true)}
      />
    ),
    help: helps && (
      <Suspense fallback={null}>
        <IssueHelp onClose={() => setHelps(false)} />
      </Suspense>
    ),
  };
}

/** As high as what comes: a title, and a line. */
function HeaderSkeleton() {
  return (
    <div className={styles.header} aria-hidden="true">
      <Skeleton height={27} width="60%" />
      <Skeleton height={24} width="80%" />
    </div>
  );
}

function TabSkeleton() {
  return (
    <div className={styles.event} aria-hidden="true">
      <div>
        <Skeleton height={24} width="100%" sx={{ mb: 2 }} />
        <Skeleton height={22} width="40%" sx={{ mb: 2 }} />
        <Skeleton height={300} width="100%" />
      </div>
      <Skeleton height={120} width="100%" />
    </div>
  );
}
