// How it goes: numbers, events over time, what is worst, what is new, whether the
// pipeline keeps up.
import Skeleton from "@mui/material/Skeleton";
import { useState } from "react";
import { Link } from "react-router";
import type { GetSummaryResponse, GetTimeSeriesResponse } from "@/gen/errata/v1/stats_pb";
import type { Issue } from "@/gen/errata/v1/issue_pb";
import { useProjects } from "@/shared/api/listProjects";
import { change, shortCount } from "@/shared/format/count";
import { levelName } from "@/shared/format/issue";
import { toDate } from "@/shared/format/time";
import { BarChart, type ChartSeries, Legend } from "@/shared/ui/BarChart";
import { Count, LevelMark, PageHead, RelativeTime, Segments } from "@/shared/ui/bits";
import { Sparkline } from "@/shared/ui/Sparkline";
import { ErrorState } from "@/shared/ui/states";
import { rangeSeconds, rangeWords, scopeSearch, useScope, type Scope } from "@/shared/url/scope";
import { usePipelineStatus } from "./api/getPipelineStatus";
import { useSummary } from "./api/getSummary";
import { type Grouping, useTimeSeries } from "./api/getTimeSeries";
import { useNewIssues } from "./api/listNewIssues";
import { useTopIssues } from "./api/listTopIssues";
import { chartSeries } from "./series";
import styles from "./dashboard.module.css";

export function DashboardPage() {
  const [scope] = useScope();
  const rangeS = rangeSeconds(scope.range);
  const summary = useSummary(scope.projectIds, rangeS);
  return (
    <div className={styles.page}>
      <PageHead title="Dashboard">
        <span className={styles.range}>{rangeWords(scope.range)}</span>
      </PageHead>
      {summary.isError ? <ErrorState error={summary.error} retry={() => void summary.refetch()} /> : <Numbers summary={summary.data} scope={scope} />}
      <OverTime scope={scope} />
      <div className={styles.columns}>
        <TopIssues scope={scope} />
        <NewIssues scope={scope} />
      </div>
      <Pipeline />
    </div>
  );
}

function Numbers({ summary, scope }: { summary: GetSummaryResponse | undefined; scope: Scope }) {
  const delta = summary ? change(Number(summary.range?.events ?? 0), Number(summary.before?.events ?? 0)) : "";
  const issues = `/issues${scopeSearch(scope)}`;
  const to = (extra: string) => issues + (issues.includes("?") ? "&" : "?") + extra;
  return (
    <dl className={styles.numbers}>
      <Figure name="Events" value={summary?.range?.events} note={delta && (delta === "new" ? "none in the time before" : `${delta} against the time before`)} one="event" />
      <Figure name="New issues" value={summary?.range?.newIssues} to={to("sort=first_seen&status=all")} one="new issue" />
      <Figure name="Came back" value={summary?.range?.regressedIssues} note="resolved, then seen again" one="regressed issue" />
      <Figure name="Unresolved" value={summary?.range?.unresolvedIssues} to={issues} one="unresolved issue" />
    </dl>
  );
}

function Figure({ name, value, note, to, one }: { name: string; value: bigint | undefined; note?: string; to?: string; one: string }) {
  return (
    <div className={styles.figure}>
      <dt>{to ? <Link to={to}>{name}</Link> : name}</dt>
      <dd>{value === undefined ? <Skeleton height={28} width={64} sx={{ my: "3px" }} /> : <Count value={value} one={one} />}</dd>
      <small>{note}</small>
    </div>
  );
}

function OverTime({ scope }: { scope: Scope }) {
  const [grouping, setGrouping] = useState<Grouping>("level");
  const query = useTimeSeries(scope.projectIds, rangeSeconds(scope.range), grouping);
  const projects = useProjects();
  const series = query.data ? chartSeries(query.data, grouping, (projects.data ?? []).map((project) => project.name)) : [];
  return (
    <section className={styles.section} aria-label="Events over time">
      <header className={styles.sectionHead}>
        <h2>Events over time</h2>
        <Legend series={series} />
        <span className={styles.grow} />
        <Segments label="Colours" value={grouping} options={[["level", "By level"], ["project", "By project"]]} onChange={setGrouping} />
      </header>
      {query.isError && <ErrorState error={query.error} retry={() => void query.refetch()} />}
      {query.isPending && <Skeleton height={220} width="100%" />}
      {query.data && <Chart response={query.data} series={series} grouping={grouping} />}
    </section>
  );
}

function Chart({ response, series, grouping }: { response: GetTimeSeriesResponse; series: ChartSeries[]; grouping: Grouping }) {
  if (!response.from) return null;
  return <BarChart label={`Events by ${grouping}`} from={toDate(response.from)} bucketS={response.bucketS} series={series} height={220} />;
}

function TopIssues({ scope }: { scope: Scope }) {
  const top = useTopIssues(scope.projectIds, rangeSeconds(scope.range));
  const most = Math.max(1, ...(top.data ?? []).map((each) => Number(each.rangeCount)));
  return (
    <section className={styles.section} aria-label="Most events">
      <header className={styles.sectionHead}>
        <h2>Most events</h2>
        <span className={styles.grow} />
        <Link className={styles.more} to={`/issues${scopeSearch(scope)}${scopeSearch(scope) ? "&" : "?"}sort=count`}>
          All by events
        </Link>
      </header>
      {top.isPending && <Skeleton height={240} width="100%" />}
      {top.isError && <ErrorState error={top.error} retry={() => void top.refetch()} />}
      {top.data?.length === 0 && <p className={styles.none}>No event in the {rangeWords(scope.range)}.</p>}
      <ol className={styles.list}>
        {top.data?.map((issue) => (
          <li key={issue.id}>
            <IssueLine issue={issue} scope={scope} />
            <span className={styles.bar} aria-hidden="true">
              <i style={{ width: `${(Number(issue.rangeCount) / most) * 100}%` }} />
            </span>
            <b className={styles.count}>
              <Count value={issue.rangeCount} one="event in the range" many="events in the range" />
            </b>
          </li>
        ))}
      </ol>
    </section>
  );
}

function NewIssues({ scope }: { scope: Scope }) {
  const fresh = useNewIssues(scope.projectIds, rangeSeconds(scope.range));
  return (
    <section className={styles.section} aria-label="New issues">
      <header className={styles.sectionHead}>
        <h2>New</h2>
        <span className={styles.grow} />
        <Link className={styles.more} to={`/issues${scopeSearch(scope)}${scopeSearch(scope) ? "&" : "?"}sort=first_seen`}>
          All by first seen
        </Link>
      </header>
      {fresh.isPending && <Skeleton height={240} width="100%" />}
      {fresh.isError && <ErrorState error={fresh.error} retry={() => void fresh.refetch()} />}
      {fresh.data?.length === 0 && <p className={styles.none}>No issue began in the {rangeWords(scope.range)}.</p>}
      <ol className={styles.list}>
        {fresh.data?.map((issue) => (
          <li key={issue.id}>
            <IssueLine issue={issue} scope={scope} />
            <span className={styles.spark}>
              <Sparkline counts={issue.sparkline} width={72} height={20} />
            </span>
            <span className={styles.age}>
              <RelativeTime time={issue.firstSeen} />
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function IssueLine({ issue, scope }: { issue: Issue; scope: Scope }) {
  return (
    <div className={styles.line}>
      <LevelMark level={levelName(issue.level)} />
      <Link to={`/issues/${issue.id}${scopeSearch(scope)}`} title={issue.title}>
        <b>
          {issue.type || issue.title}
          {issue.type && issue.value && <em>: {issue.value}</em>}
        </b>
        <span>{issue.culprit}</span>
      </Link>
    </div>
  );
}

const jobs: Record<string, string> = { issues: "Issues and counts", search: "Search index", cold: "Parquet archive" };

function Pipeline() {
  const status = usePipelineStatus();
  if (!status.data) return null;
  return (
    <section className={styles.section} aria-label="Pipeline">
      <header className={styles.sectionHead}>
        <h2>Pipeline</h2>
        <span className={styles.range}>how far each projection is behind the log</span>
      </header>
      <dl className={styles.pipeline}>
        {status.data.projections.map((each) => (
          <div key={each.name}>
            <dt>{jobs[each.name] ?? each.name}</dt>
            <dd>{each.lag === 0n ? "up to date" : `${shortCount(each.lag)} ${each.lag === 1n ? "record" : "records"} behind`}</dd>
          </div>
        ))}
        <div>
          <dt>Log</dt>
          <dd>position {(BigInt(status.data.logPosition) & 0xffff_ffff_ffffn).toLocaleString("en")}</dd>
        </div>
      </dl>
    </section>
  );
}

