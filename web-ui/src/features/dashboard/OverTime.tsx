// Events and affected users over time, with the releases that began. A bar, or a
// stretch of them, opens the issues of that time.
import Skeleton from "@mui/material/Skeleton";
import { useState } from "react";
import { useNavigate } from "react-router";
import type { GetTimeSeriesResponse } from "@/gen/errata/v1/stats_pb";
import { useProjects } from "@/shared/api/listProjects";
import { shortRelease } from "@/shared/format/release";
import { toDate } from "@/shared/format/time";
import { BarChart, type ChartMark, type ChartSeries, Legend } from "@/shared/ui/BarChart";
import { Segments } from "@/shared/ui/bits";
import { ErrorState } from "@/shared/ui/states";
import { scopeSearch, type Scope } from "@/shared/url/scope";
import { type Grouping, useTimeSeries } from "./api/getTimeSeries";
import { chartSeries } from "./series";
import styles from "./dashboard.module.css";

const groupings: readonly (readonly [Grouping, string])[] = [
  ["state", "New and back"],
  ["project", "Project"],
  ["level", "Level"],
];

export function OverTime({ scope }: { scope: Scope }) {
  const [grouping, setGrouping] = useState<Grouping>("state");
  const query = useTimeSeries(scope, grouping);
  const projects = useProjects();
  const series = query.data
    ? chartSeries(
        query.data,
        grouping,
        (projects.data ?? []).map((project) => project.name),
      )
    : [];
  return (
    <section className={styles.section} aria-label="Events over time">
      <header className={styles.sectionHead}>
        <h2>Events over time</h2>
        <Legend series={series} />
        <span className={styles.grow} />
        <Segments label="Colours" value={grouping} options={groupings} onChange={setGrouping} />
      </header>
      {query.isError && <ErrorState error={query.error} retry={() => void query.refetch()} />}
      {query.isPending && <Skeleton height={316} width="100%" />}
      {query.data && <Charts response={query.data} series={series} grouping={grouping} scope={scope} />}
    </section>
  );
}

interface ChartsProps {
  response: GetTimeSeriesResponse;
  series: ChartSeries[];
  grouping: Grouping;
  scope: Scope;
}

function Charts({ response, series, grouping, scope }: ChartsProps) {
  const navigate = useNavigate();
  const projects = useProjects().data ?? [];
  if (!response.from) return null;
  const from = toDate(response.from);
  const nowS = Math.ceil(Date.now() / 1000);
  const open = (fromS: number, toS: number) => {
    // The last bucket reaches beyond now; what is still to come is not asked for.
    const span = { fromS, toS: Math.min(toS, Math.max(nowS, fromS + 60)) };
    void navigate(`/issues${scopeSearch({ ...scope, span }, { status: "all" })}`);
  };
  const nameOf = (id: number) => projects.find((project) => project.id === id)?.name ?? "";
  const marks: ChartMark[] = response.releases.flatMap(({ firstSeen, version, projectId }) =>
    firstSeen
      ? [
          {
            atMs: toDate(firstSeen).getTime(),
            text: `${nameOf(projectId)} ${shortRelease(version, nameOf(projectId))} began`,
          },
        ]
      : [],
  );
  const users = response.users.map(Number);
  return (
    <>
      <BarChart
        label={`Events by ${grouping}`}
        from={from}
        bucketS={response.bucketS}
        series={series}
        height={220}
        marks={marks}
        hint="Press to open its issues, draw for a longer time"
        onSpan={open}
      />
      {users.some((count) => count > 0) && (
        <>
          <h3 className={styles.subHead}>Affected users</h3>
          <BarChart
            label="Affected users"
            one="user"
            from={from}
            bucketS={response.bucketS}
            series={[{ name: "users", colour: "var(--series-3)", counts: users }]}
            height={84}
            hint="Press to open its issues"
            onSpan={open}
          />
        </>
      )}
    </>
  );
}
