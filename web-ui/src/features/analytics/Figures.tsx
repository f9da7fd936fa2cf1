// The numbers of a period, each beside that of the time before, each with the list of
// exactly so many rows.
import Skeleton from "@mui/material/Skeleton";
import { Link } from "react-router";
import type { IssueReport, QueryStatsResponse } from "@/gen/errata/v1/explore_pb";
import { comparison, plural } from "@/shared/format/count";
import { duration, toDate } from "@/shared/format/time";
import { Count } from "@/shared/ui/bits";
import { ErrorState } from "@/shared/ui/states";
import { eventsLink } from "@/shared/url/query";
import { scopeSearch, type Scope } from "@/shared/url/scope";
import { useReport } from "./api/getReport";
import type { View } from "./view";
import styles from "./analytics.module.css";

interface FiguresProps {
  scope: Scope;
  view: View;
  stats: QueryStatsResponse | undefined;
}

/** Issues that were resolved in the period, wherever it lies: a list of its own time. */
function resolvedLink(scope: Scope, report: IssueReport | undefined): string | undefined {
  if (!report?.from || !report.to || !report.resolvedFrom || !report.resolvedTo) return undefined;
  const text = (time: typeof report.from) =>
    toDate(time)
      .toISOString()
      .replace(/\.\d+Z$/, "Z");
  const seconds = (time: typeof report.from) => Number(time.seconds);
  const span = { fromS: seconds(report.resolvedFrom), toS: seconds(report.resolvedTo) };
  const q = `resolved:>=${text(report.from)} resolved:<${text(report.to)}`;
  return `/issues${scopeSearch({ ...scope, span }, { status: "all", q })}`;
}

export function Figures({ scope, view, stats }: FiguresProps) {
  const report = useReport(scope);
  const [now, before] = [report.data?.range, view.compare ? report.data?.before : undefined];
  const [events, eventsBefore] = [stats?.range?.total, stats?.before?.total];
  const issues = (more: Record<string, string>) => `/issues${scopeSearch(scope, { status: "all", ...more })}`;
  const against = (value: bigint | undefined, old: bigint | undefined) =>
    value === undefined || old === undefined ? "" : comparison(Number(value), Number(old));
  if (report.isError) return <ErrorState error={report.error} retry={() => void report.refetch()} />;
  const lengths = (value: bigint | undefined, old: bigint | undefined) => ({
    value: value === undefined ? undefined : value === 0n ? "–" : duration(Number(value) * 1000),
    note: old === undefined || old === 0n ? "" : `${duration(Number(old) * 1000)} in the time before`,
  });
  const [median, p90] = [
    lengths(now?.resolveMedianS, before?.resolveMedianS),
    lengths(now?.resolveP90S, before?.resolveP90S),
  ];
  const resolved = resolvedLink(scope, now);
  return (
    <ul className={styles.numbers} aria-label="Numbers of the time chosen">
      <Figure
        name="Events"
        value={events && <Count value={events.events} one="event" />}
        note={against(events?.events, eventsBefore?.events)}
        to={eventsLink(scope, view.query)}
      />
      <Figure
        name="Affected users"
        value={events && (events.users === 0n && events.events > 0n ? "–" : <Count value={events.users} one="user" />)}
        note={
          events?.users === 0n && events.events > 0n
            ? "no event names a user"
            : against(events?.users, eventsBefore?.users)
        }
      />
      <Figure
        name="Issues"
        value={now && <Count value={now.issues} one="issue" />}
        note={against(now?.issues, before?.issues)}
        to={issues({})}
      />
      <Figure
        name="New"
        value={now && <Count value={now.newIssues} one="new issue" />}
        note={against(now?.newIssues, before?.newIssues)}
        to={issues({ is: "new", sort: "first_seen" })}
      />
      <Figure
        name="Came back"
        value={now && <Count value={now.regressedIssues} one="issue" />}
        note={against(now?.regressedIssues, before?.regressedIssues)}
        to={issues({ is: "regressed" })}
      />
      <Figure
        name="Escalating"
        value={now && <Count value={now.escalatingIssues} one="issue" />}
        note={before ? "three times as many events" : ""}
        to={issues({ q: "is:escalating" })}
      />
      <Figure
        name="Resolved"
        value={now && <Count value={now.resolvedIssues} one="issue" />}
        note={against(now?.resolvedIssues, before?.resolvedIssues)}
        to={resolved}
      />
      <Figure name="Time to resolve" value={median.value} note={median.note || "half of them within"} to={resolved} />
      <Figure
        name="9 of 10 within"
        value={p90.value}
        note={p90.note || (now ? `of ${plural(now.resolvedIssues, "resolved issue")}` : "")}
        to={resolved}
      />
    </ul>
  );
}

interface FigureProps {
  name: string;
  /** Undefined: on its way. */
  value: React.ReactNode;
  note: string;
  /** The list of exactly so many. */
  to?: string | undefined;
}

function Figure({ name, value, note, to }: FigureProps) {
  return (
    <li className={styles.figure}>
      <span className={styles.figureName}>{to ? <Link to={to}>{name}</Link> : name}</span>
      <span className={styles.figureValue}>{value ?? <Skeleton height={26} width={56} sx={{ my: "3px" }} />}</span>
      <small>{note}</small>
    </li>
  );
}
