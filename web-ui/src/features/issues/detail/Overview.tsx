// One event of the issue, whole, and what is known of the issue beside it.
import { Code, ConnectError } from "@connectrpc/connect";
import Skeleton from "@mui/material/Skeleton";
import { Suspense } from "react";
import type { EventDetail, GetEventResponse } from "@/gen/errata/v1/event_read_pb";
import type { GetIssueResponse } from "@/gen/errata/v1/issue_pb";
import { lazyPart } from "@/shared/load/parts";
import { EventText } from "@/shared/ui/EventText";
import { EmptyState, ErrorState } from "@/shared/ui/states";
import type { useEvent } from "../api/getEvent";
import { Breadcrumbs } from "./Breadcrumbs";
import { Contexts, Extra, Raw, Request, Sender } from "./Particulars";
import { ActivityList, AffectedUser, Environments, Releases } from "./SideColumn";
import { Stack } from "./Stack";
import { Tags } from "./Tags";
import styles from "./detail.module.css";

// Most events have neither files nor feedback: the first load does without.
const Reported = lazyPart("Reported", async () => (await import("./Reported")).Reported);

interface OverviewProps {
  issueId: string;
  issue: GetIssueResponse | undefined;
  event: ReturnType<typeof useEvent>;
  /** The address of the table of events. */
  table: string;
}

export function Overview({ issueId, issue, event, table }: OverviewProps) {
  return (
    <div className={styles.columns}>
      <div className={styles.main}>
        {event.isError &&
          (isNoLongerKept(event.error) ? (
            <NoLongerKept />
          ) : (
            <ErrorState error={event.error} retry={() => void event.refetch()} />
          ))}
        {event.isPending && <EventSkeleton />}
        {event.data && <EventView response={event.data} issueId={issueId} table={table} />}
      </div>
      <aside className={styles.side} aria-label="About the issue">
        {event.data?.detail?.user && <AffectedUser user={event.data.detail.user} table={table} />}
        <ActivityList issueId={issueId} />
        {issue && <Releases response={issue} table={table} />}
        {issue && <Environments response={issue} table={table} />}
      </aside>
    </div>
  );
}

function EventView({ response, issueId, table }: { response: GetEventResponse; issueId: string; table: string }) {
  const { detail, summary } = response;
  if (!detail || !summary) return null;
  const title = summary.message
    ? summary.type
      ? `${summary.type}: ${summary.message}`
      : summary.message
    : summary.type;
  // A new event starts with its own folds, hence the key.
  return (
    <div className={styles.event} key={summary.id}>
      <Problems detail={detail} />
      <Stack detail={detail} platform={summary.platform} />
      <Suspense fallback={null}>
        <Reported issueId={issueId} eventId={summary.id} files={detail.attachments} />
      </Suspense>
      <Breadcrumbs crumbs={detail.breadcrumbs} errorTitle={title} errorTime={summary.timestamp} />
      {detail.request && <Request request={detail.request} />}
      <Tags issueId={issueId} own={detail.tags} table={table} />
      {detail.contexts && <Contexts contexts={detail.contexts} />}
      <Extra detail={detail} />
      <Sender detail={detail} />
      <Raw json={detail.rawJson} />
    </div>
  );
}

/** Fields that are not stored as the client gave them. */
function Problems({ detail }: { detail: EventDetail }) {
  const { problems } = detail;
  if (problems.length === 0) return null;
  return (
    <ul className={styles.problems} aria-label="Not stored as given">
      {problems.map((each) => (
        <li key={each.field}>
          <b>{each.field}</b> {each.message}
          {each.value && (
            <>
              :{" "}
              <code>
                <EventText text={each.value} />
              </code>
            </>
          )}
        </li>
      ))}
    </ul>
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
      <div>
        <Skeleton height={24} width="100%" sx={{ mb: 2 }} />
        <Skeleton height={22} width="40%" sx={{ mb: 2 }} />
        <Skeleton height={300} width="100%" />
      </div>
      <Skeleton height={120} width="100%" />
    </div>
  );
}
