// Events of the query over time, split by a field, with the time before as a line; below it
// the same as a table. A bar, or a stretch of them, opens its events.
import Skeleton from "@mui/material/Skeleton";
import type { UseQueryResult } from "@tanstack/react-query";
import { useRef } from "react";
import { Link, useNavigate } from "react-router";
import type { QueryStatsResponse, StatsLine, StatsPeriod } from "@/gen/errata/v1/explore_pb";
import { comparison, exactCount, share } from "@/shared/format/count";
import { LEVELS } from "@/shared/format/issue";
import { absolute, toDate } from "@/shared/format/time";
import { BarChart, type ChartSeries, Legend } from "@/shared/ui/BarChart";
import { levelColour } from "@/shared/ui/bits";
import { Exports } from "@/shared/ui/Exports";
import type { Table } from "@/shared/ui/exportChart";
import { PickerButton } from "@/shared/ui/Picker";
import { eventsLink, withTerm } from "@/shared/url/query";
import type { Scope } from "@/shared/url/scope";
import { FIELDS, fieldName, type View } from "./view";
import styles from "./analytics.module.css";

interface ExploreProps {
  scope: Scope;
  view: View;
  setView: (change: Partial<View>) => void;
  query: UseQueryResult<QueryStatsResponse>;
}

const colourOf = (index: number): string => (index < 5 ? `var(--series-${index + 1})` : "var(--series-rest)");

/** Levels have colours of their own. */
function levelColourOf(by: string, value: string): string | undefined {
  const level = by === "level" ? LEVELS.find((name) => name === value) : undefined;
  return level && levelColour(level);
}

export const nameOf = (line: StatsLine): string => line.label || line.value || "(none)";

export const edgesOf = (period: StatsPeriod): number[] => [
  ...period.starts.map((start) => toDate(start).getTime()),
  ...(period.to ? [toDate(period.to).getTime()] : []),
];

/** The groups, the rest in grey; of no split the total. */
function seriesOf(period: StatsPeriod, by: string): ChartSeries[] {
  const counts = (line: StatsLine) => line.counts.map(Number);
  if (by === "" || period.groups.length === 0)
    return period.total ? [{ name: "events", colour: "var(--series-1)", counts: counts(period.total) }] : [];
  const groups = period.groups.map((line, index) => ({
    name: nameOf(line),
    colour: levelColourOf(by, line.value) ?? colourOf(index),
    counts: counts(line),
  }));
  const { others } = period;
  return others ? [...groups, { name: "others", colour: "var(--series-rest)", counts: counts(others) }] : groups;
}

export function Explore({ scope, view, setView, query }: ExploreProps) {
  const chart = useRef<HTMLDivElement>(null);
  const range = query.data?.range;
  const series = range ? seriesOf(range, view.by) : [];
  const title = view.by === "" ? "Events over time" : `Events by ${fieldName(view.by).toLowerCase()}`;
  const table = (): Table => ({
    head: ["from", ...series.map((each) => each.name), ...(query.data?.before ? ["time before"] : [])],
    rows: (range?.starts ?? []).map((start, index) => [
      toDate(start).toISOString(),
      ...series.map((each) => each.counts[index] ?? 0),
      ...(query.data?.before ? [Number(query.data.before.total?.counts[index] ?? 0n)] : []),
    ]),
  });
  return (
    <section className={styles.section} aria-label="Events over time" data-old={query.isPlaceholderData}>
      <header className={styles.sectionHead}>
        <h2>Events over time</h2>
        <PickerButton
          label="Split by"
          text={view.by === "" ? "Not split" : `By ${fieldName(view.by).toLowerCase()}`}
          choices={[
            { id: "", text: "Not split", chosen: view.by === "" },
            ...FIELDS.map(([id, text]) => ({ id, text, chosen: view.by === id })),
          ]}
          onPick={({ id }) => setView({ by: id })}
        />
        <span className={styles.grow} />
        {range && <Exports title={title} table={table} chart={chart} />}
      </header>
      {query.isPending && <Skeleton height={280} width="100%" />}
      {range && query.data && (
        <div ref={chart}>
          <Chart scope={scope} view={view} response={query.data} range={range} series={series} title={title} />
        </div>
      )}
      {range && view.by !== "" && <Groups scope={scope} view={view} range={range} before={query.data?.before} />}
    </section>
  );
}

interface ChartProps {
  scope: Scope;
  view: View;
  response: QueryStatsResponse;
  range: StatsPeriod;
  series: ChartSeries[];
  title: string;
}

function Chart({ scope, view, response, range, series, title }: ChartProps) {
  const navigate = useNavigate();
  const edges = edgesOf(range);
  const open = (fromS: number, toS: number) => {
    const span = { fromS: Math.floor(fromS), toS: Math.ceil(toS) };
    void navigate(eventsLink({ ...scope, span }, view.query));
  };
  const from = new Date(edges[0] ?? 0);
  const users = range.total?.userCounts.map(Number) ?? [];
  return (
    <>
      <Legend series={series} />
      <BarChart
        label={title}
        from={from}
        bucketS={3600}
        edgesMs={edges}
        series={series}
        ghost={response.before?.total?.counts.map(Number)}
        height={240}
        hint="Press to open its events, draw for a longer time"
        onSpan={open}
      />
      {users.some((count) => count > 0) && (
        <>
          <h3 className={styles.subHead}>Affected users</h3>
          <BarChart
            label="Affected users"
            one="user"
            from={from}
            bucketS={3600}
            edgesMs={edges}
            series={[{ name: "users", colour: "var(--series-3)", counts: users }]}
            ghost={response.before?.total?.userCounts.map(Number)}
            height={88}
            hint="Press to open their events"
            onSpan={open}
          />
        </>
      )}
    </>
  );
}

interface GroupsProps {
  scope: Scope;
  view: View;
  range: StatsPeriod;
  before: StatsPeriod | undefined;
}

function Groups({ scope, view, range, before }: GroupsProps) {
  const total = range.total?.events ?? 0n;
  const rows: { line: StatsLine; old: StatsLine | undefined; to: string | null; name: string }[] = range.groups.map(
    (line, index) => ({
      line,
      old: before?.groups[index],
      to: eventsLink(scope, withTerm(view.query, line.term)),
      name: nameOf(line),
    }),
  );
  if (range.others) rows.push({ line: range.others, old: before?.others, to: null, name: "others" });
  return (
    <div className={styles.scroll}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{fieldName(view.by)}</th>
            <th scope="col">Events</th>
            <th scope="col">Share</th>
            <th scope="col">Users</th>
            {before && <th scope="col">Time before</th>}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ line, old, to, name }) => (
            <tr key={`${line.value}-${name}`}>
              <th scope="row">{to === null ? name : <Link to={to}>{name}</Link>}</th>
              <td>{exactCount(line.events)}</td>
              <td>{share(line.events, total)}</td>
              <td>{line.users === 0n ? "–" : exactCount(line.users)}</td>
              {before && (
                <td className={styles.soft}>{old ? comparison(Number(line.events), Number(old.events)) : ""}</td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {range.to && range.starts[0] && (
        <p className={styles.printOnly}>
          {absolute(toDate(range.starts[0]))} – {absolute(toDate(range.to))}
        </p>
      )}
    </div>
  );
}
