// One event of the issue, whole, and what is known of the issue beside it.
import { Code, ConnectError } from "@connectrpc/connect";
import Skeleton from "@mui/material/Skeleton";
import { type ReactNode, Suspense, useMemo } from "react";
import type { EventDetail, GetEventResponse } from "@/gen/errata/v1/event_read_pb";
import type { GetIssueResponse } from "@/gen/errata/v1/issue_pb";
import { lazyPart } from "@/shared/load/parts";
import { EventText } from "@/shared/ui/EventText";
import { EmptyState, ErrorState } from "@/shared/ui/states";
import { useParamsNow } from "@/shared/url/params";
import type { useEvent } from "../api/getEvent";
import { useGrouping } from "../api/explainGrouping";
import { Breadcrumbs } from "./Breadcrumbs";
import { Contexts, Extra, Raw, Request, Sender } from "./Particulars";
import { ActivityList, AffectedUser, Environments, Releases } from "./SideColumn";
import { Section } from "./Section";
import { Stack } from "./Stack";
import { Tags } from "./Tags";
import { COMPARED, Marks, marksOf, useAsksWhy } from "./why/marks";
import styles from "./detail.module.css";

// Most events have neither files nor feedback: the first load does without.
const Reported = lazyPart("Reported", async () => (await import("./Reported")).Reported);
const Merged = lazyPart("Merged", async () => (await import("./Merged")).Merged);
const Similar = lazyPart("Similar", async () => (await import("./similar/Similar")).Similar);
const WhyIssue = lazyPart("WhyIssue", async () => (await import("./why/WhyIssue")).WhyIssue);

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
        {issue && issue.fingerprints.length > 1 && (
          <Suspense fallback={null}>
            <Merged issueId={issueId} parts={issue.fingerprints} />
          </Suspense>
        )}
        {issue?.issue && !event.isPending && (
          <Suspense fallback={null}>
            <Similar issue={issue.issue} />
          </Suspense>
        )}
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
      <Explained eventId={summary.id}>
        <Stack detail={detail} platform={summary.platform} />
      </Explained>
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

/** The stack, and why the event is in this issue: asked for, the frames are marked with it. */
function Explained({ eventId, children }: { eventId: string; children: ReactNode }) {
  const { asks, setAsks } = useAsksWhy();
  const [params, write] = useParamsNow();
  const asked = asks || params.has(COMPARED);
  const query = useGrouping(eventId, asked);
  const { data } = query;
  const marks = useMemo(() => (asked && data ? marksOf(data) : null), [asked, data]);
  const fold = (open: boolean) => {
    setAsks(open);
    if (!open && params.has(COMPARED)) {
      write((now) => (now.delete(COMPARED), now), { preventScrollReset: true, replace: true });
    }
  };
  return (
    <Marks value={marks}>
      {children}
      <Section title="Why this issue?" fold={asked ? "open" : "closed"} onFold={fold}>
        <Suspense fallback={<Skeleton height={160} width="100%" />}>
          <WhyIssue query={query} eventId={eventId} />
        </Suspense>
      </Section>
    </Marks>
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
