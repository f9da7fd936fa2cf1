// One issue through one of its events: what broke, the line of own code, what led
// there, who else is affected.
import { Code, ConnectError } from "@connectrpc/connect";
import Skeleton from "@mui/material/Skeleton";
import { useQueryClient } from "@tanstack/react-query";
import { Suspense } from "react";
import { Link, useParams } from "react-router";
import type { GetEventResponse } from "@/gen/errata/v1/event_read_pb";
import { lazyPart } from "@/shared/load/parts";
import { useProjects } from "@/shared/api/listProjects";
import { EmptyState, ErrorState } from "@/shared/ui/states";
import { rangeSeconds, scopeSearch, useScope } from "@/shared/url/scope";
import { useEvent } from "../api/getEvent";
import { useIssue } from "../api/getIssue";
import { useIssueStream } from "../api/streamIssues";
import { Breadcrumbs } from "./Breadcrumbs";
import { EventBar } from "./EventBar";
import { Contexts, Extra, Raw, Request, Sender } from "./Particulars";
import { IssueHeader } from "./IssueHeader";
import { ActivityList, AffectedUser, Environments, Releases } from "./SideColumn";
import { Stack } from "./Stack";
import { Tags } from "./Tags";
import styles from "./detail.module.css";

// Most events have neither files nor feedback: the first load does without.
const Reported = lazyPart("Reported", async () => (await import("./Reported")).Reported);

export function IssuePage() {
  const { issueId = "", eventId = "latest" } = useParams();
  const [scope] = useScope();
  const rangeS = rangeSeconds(scope.range);
  const client = useQueryClient();
  const issue = useIssue(issueId, rangeS);
  const event = useEvent(issueId, eventId);
  const projects = useProjects();
  const live = useIssueStream({
    projectIds: [],
    issueId,
    rangeS,
    // Counts, activity and statistics change; the event that is being read stays.
    onMessage: () => void client.invalidateQueries({ queryKey: ["issues"], predicate: ({ queryKey }) => queryKey[1] !== "list" && queryKey[2] === issueId }),
    onGap: () => void client.invalidateQueries({ queryKey: ["issues"] }),
  });

  if (issue.isError) return <ErrorState error={issue.error} retry={() => void issue.refetch()} />;
  const project = projects.data?.find((each) => each.id === issue.data?.issue?.projectId);
  return (
    <div className={styles.page}>
      <nav className={styles.trail} aria-label="Breadcrumb">
        <Link to={`/issues${scopeSearch(scope)}`}>Issues</Link>
        <span aria-hidden="true">/</span>
        {project && <Link to={`/issues?project=${project.id}`}>{project.name}</Link>}
        <span aria-hidden="true">/</span>
        <code>{issueId.slice(0, 8)}</code>
      </nav>
      {issue.data?.issue ? <IssueHeader issue={issue.data.issue} scope={scope} live={live} /> : <Skeleton height={188} width="100%" />}
      <div className={styles.columns}>
        <div className={styles.main}>
          {event.isError && (isNoLongerKept(event.error) ? <NoLongerKept /> : <ErrorState error={event.error} retry={() => void event.refetch()} />)}
          {event.isPending && <EventSkeleton />}
          {event.data && <EventBar issueId={issueId} response={event.data} search={scopeSearch(scope)} latestId={issue.data?.issue?.lastEventId ?? ""} />}
          {event.data && <EventView response={event.data} issueId={issueId} />}
        </div>
        <aside className={styles.side}>
          {event.data?.detail?.user && <AffectedUser user={event.data.detail.user} />}
          <ActivityList issueId={issueId} />
          {issue.data && <Releases response={issue.data} />}
          {issue.data && <Environments response={issue.data} />}
        </aside>
      </div>
    </div>
  );
}

function EventView({ response, issueId }: { response: GetEventResponse; issueId: string }) {
  const { detail, summary } = response;
  if (!detail || !summary) return null;
  const title = summary.message ? (summary.type ? `${summary.type}: ${summary.message}` : summary.message) : summary.type;
  // A new event starts with its own folds, hence the key.
  return (
    <div className={styles.event} key={summary.id}>
      <Stack detail={detail} platform={summary.platform} />
      <Suspense fallback={null}>
        <Reported issueId={issueId} eventId={summary.id} files={detail.attachments} />
      </Suspense>
      <Breadcrumbs crumbs={detail.breadcrumbs} errorTitle={title} errorTime={summary.timestamp} />
      {detail.request && <Request request={detail.request} />}
      <Tags issueId={issueId} own={detail.tags} />
      {detail.contexts && <Contexts contexts={detail.contexts} />}
      <Extra detail={detail} />
      <Sender detail={detail} />
      <Raw json={detail.rawJson} />
    </div>
  );
}

/** The log keeps events for a while; what they made of the issue stays. */
const isNoLongerKept = (error: unknown) => ConnectError.from(error).code === Code.OutOfRange;

function NoLongerKept() {
  return (
    <EmptyState icon="clock" title="This event is no longer kept">
      Its details were dropped by the retention of the log. The issue, its counts and its history stay.
    </EmptyState>
  );
}

function EventSkeleton() {
  return (
    <div className={styles.event} aria-hidden="true">
      <Skeleton height={40} width="100%" />
      <Skeleton height={360} width="100%" />
      <Skeleton height={200} width="100%" />
    </div>
  );
}
