// One release beside another one: what it changed. Sessions and events over time.
import Skeleton from "@mui/material/Skeleton";
import { useRef } from "react";
import { Link, useParams } from "react-router";
import type { GetReleaseResponse, Release, SessionCounts } from "@/gen/errata/v1/health_pb";
import { useProjects } from "@/shared/api/listProjects";
import { exactCount, plural } from "@/shared/format/count";
import { shortRelease } from "@/shared/format/release";
import { absolute, toDate } from "@/shared/format/time";
import { BarChart, Legend, type ChartSeries } from "@/shared/ui/BarChart";
import { PageHead } from "@/shared/ui/bits";
import { Exports } from "@/shared/ui/Exports";
import { PickerButton } from "@/shared/ui/Picker";
import { ErrorState } from "@/shared/ui/states";
import { useParamsNow } from "@/shared/url/params";
import { eventsLink } from "@/shared/url/query";
import { scopeSearch, scopeWords, useScope, type Scope } from "@/shared/url/scope";
import { useEventsOverTime, useRelease } from "./api/getRelease";
import { useReleases } from "./api/listReleases";
import { adoption, crashFreeSessions, crashFreeUsers, pointsApart, quoted } from "./figures";
import { issuesOf } from "./ReleasesPage";
import styles from "./releases.module.css";

export function ReleasePage() {
  const { projectId = "", version = "" } = useParams();
  const [scope] = useScope();
  const [params, write] = useParamsNow();
  const id = Number(projectId);
  const own = { ...scope, projectIds: [id] };
  const query = useRelease(scope, id, version);
  const asked = params.get("beside");
  const besideVersion = asked ?? query.data?.previousVersion ?? "";
  const beside = useRelease(scope, id, besideVersion);
  const project = useProjects().data?.find((each) => each.id === id)?.name ?? "";
  const chooseBeside = (chosen: string) =>
    write((now) => {
      now.set("beside", chosen);
      return now;
    });
  return (
    <div className={styles.page}>
      <PageHead title={shortRelease(version)} of={project}>
        <Link className={styles.soft} to={`/releases${scopeSearch(scope)}`}>
          All releases
        </Link>
        <span className={styles.soft}>
          {project} · {scopeWords(scope)}
        </span>
      </PageHead>
      {query.isError && <ErrorState error={query.error} retry={() => void query.refetch()} />}
      {query.isPending && <Skeleton height={320} width="100%" />}
      {query.data?.release && (
        <>
          <Beside
            scope={own}
            now={query.data.release}
            before={besideVersion === "" ? undefined : beside.data?.release}
            choice={<Choice scope={own} chosen={besideVersion} except={version} onChoose={chooseBeside} />}
          />
          <Sessions response={query.data} />
          <Events scope={own} version={version} />
        </>
      )}
    </div>
  );
}

interface ChoiceProps {
  scope: Scope;
  chosen: string;
  except: string;
  onChoose: (version: string) => void;
}

function Choice({ scope, chosen, except, onChoose }: ChoiceProps) {
  const releases = useReleases(scope, "", 0).data?.releases ?? [];
  const choices = releases
    .filter(({ version }) => version !== except)
    .map(({ version }) => ({ id: version, text: version, chosen: version === chosen }));
  return (
    <PickerButton
      label="Beside"
      text={chosen === "" ? "none" : shortRelease(chosen)}
      choices={choices}
      onPick={({ id }) => onChoose(id)}
    />
  );
}

interface BesideProps {
  scope: Scope;
  now: Release;
  before: Release | undefined;
  choice: React.ReactNode;
}

/** Two releases, a line a figure. */
function Beside({ scope, now, before, choice }: BesideProps) {
  const time = (release: Release | undefined) => (release?.firstSeen ? absolute(toDate(release.firstSeen)) : "–");
  const events = (release: Release) => eventsLink(scope, `release:${quoted(release.version)}`);
  type Line = readonly [name: string, of: (release: Release) => string, to?: (release: Release) => string];
  const lines: readonly Line[] = [
    ["First seen", (release) => time(release)],
    ["Adoption", adoption],
    ["Sessions", ({ sessions }) => (sessions ? exactCount(sessions.started) : "–")],
    ["Crash-free sessions", ({ sessions }) => crashFreeSessions(sessions)],
    ["Crash-free users", ({ sessions }) => crashFreeUsers(sessions)],
    ["Events", (release) => exactCount(release.events), events],
    ["Users with an event", ({ users }) => (users === 0n ? "–" : exactCount(users))],
    ["New issues", ({ newIssues }) => exactCount(newIssues), (release) => issuesOf(scope, release, "first_release")],
    [
      "Came back in it",
      ({ regressedIssues }) => exactCount(regressedIssues),
      (release) => issuesOf(scope, release, "regressed_in"),
    ],
  ];
  const cell = (release: Release | undefined, [, of, to]: Line) =>
    release === undefined ? "–" : to ? <Link to={to(release)}>{of(release)}</Link> : of(release);
  const points = pointsApart(now.sessions, before?.sessions);
  return (
    <div className={styles.scroll}>
      <table className={`${styles.table} ${styles.beside ?? ""}`}>
        <thead>
          <tr>
            <th scope="col" aria-label="Figure" />
            <th scope="col">{shortRelease(now.version)}</th>
            <th scope="col">{choice}</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line[0]}>
              <th scope="row">{line[0]}</th>
              <td>
                {cell(now, line)}
                {line[0] === "Crash-free sessions" && points !== "" && <small> {points} points</small>}
              </td>
              <td>{cell(before, line)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** From the bottom of a bar: how most of them end, then the worse the higher. */
const outcomes: readonly (readonly [name: string, colour: string, of: (counts: SessionCounts) => bigint])[] = [
  [
    "healthy",
    "var(--series-4)",
    (counts) => counts.started - counts.crashed - counts.unhandled - counts.abnormal - counts.errored,
  ],
  ["errored", "var(--series-2)", (counts) => counts.errored],
  ["abnormal", "var(--level-warning)", (counts) => counts.abnormal],
  ["unhandled", "var(--level-error)", (counts) => counts.unhandled],
  ["crashed", "var(--level-fatal)", (counts) => counts.crashed],
];

function Sessions({ response }: { response: GetReleaseResponse }) {
  const chart = useRef<HTMLDivElement>(null);
  const started = response.sessions.reduce((sum, counts) => sum + counts.started, 0n);
  if (started === 0n || !response.to) return null;
  const edges = [...response.starts, response.to].map((time) => toDate(time).getTime());
  const series: ChartSeries[] = outcomes
    .map(([name, colour, of]) => ({ name, colour, counts: response.sessions.map((counts) => Number(of(counts))) }))
    .filter((each) => each.counts.some((count) => count > 0));
  return (
    <section className={styles.section} aria-label="Sessions">
      <header className={styles.sectionHead}>
        <h2>Sessions</h2>
        <span className={styles.soft}>{plural(started, "session")}</span>
        <Legend series={series} />
        <span className={styles.grow} />
        <Exports
          title="Sessions"
          chart={chart}
          table={() => ({
            head: ["from", ...series.map((each) => each.name)],
            rows: response.starts.map((start, index) => [
              toDate(start).toISOString(),
              ...series.map((each) => each.counts[index] ?? 0),
            ]),
          })}
        />
      </header>
      <div ref={chart}>
        <BarChart
          label="Sessions by how they ended"
          one="session"
          from={new Date(edges[0] ?? 0)}
          bucketS={3600}
          edgesMs={edges}
          series={series}
          height={180}
        />
      </div>
    </section>
  );
}

function Events({ scope, version }: { scope: Scope; version: string }) {
  const text = `release:${quoted(version)}`;
  const query = useEventsOverTime(scope, text);
  const chart = useRef<HTMLDivElement>(null);
  const range = query.data?.range;
  if (query.isError) return <ErrorState error={query.error} retry={() => void query.refetch()} />;
  if (!range?.to || !range.total) return <Skeleton height={200} width="100%" />;
  const edges = [...range.starts, range.to].map((time) => toDate(time).getTime());
  const counts = range.total.counts.map(Number);
  return (
    <section className={styles.section} aria-label="Events">
      <header className={styles.sectionHead}>
        <h2>Events</h2>
        <Link className={styles.soft} to={eventsLink(scope, text)}>
          {plural(range.total.events, "event")}
        </Link>
        <span className={styles.grow} />
        <Exports
          title="Events of the release"
          chart={chart}
          table={() => ({
            head: ["from", "events"],
            rows: counts.map((count, index) => [new Date(edges[index] ?? 0).toISOString(), count]),
          })}
        />
      </header>
      <div ref={chart}>
        <BarChart
          label="Events of the release"
          from={new Date(edges[0] ?? 0)}
          bucketS={3600}
          edgesMs={edges}
          series={[{ name: "events", colour: "var(--accent)", counts }]}
          height={160}
        />
      </div>
    </section>
  );
}
