// Cron jobs: whether they ran when they were due, how long they took.
import Skeleton from "@mui/material/Skeleton";
import { Link } from "react-router";
import type { Monitor } from "@/gen/errata/v1/health_pb";
import { useProjects } from "@/shared/api/listProjects";
import { exactCount, plural } from "@/shared/format/count";
import { absolute, duration, toDate } from "@/shared/format/time";
import { PageHead, Pill, RelativeTime } from "@/shared/ui/bits";
import { EmptyState, ErrorState } from "@/shared/ui/states";
import { scopeSearch, scopeWords, useScope } from "@/shared/url/scope";
import { useMonitors } from "./api/listMonitors";
import { mark, runWords, scheduleWords, statusKind, statusWords } from "./runs";
import styles from "./monitors.module.css";

export function MonitorsPage() {
  const [scope] = useScope();
  const query = useMonitors(scope);
  const projects = useProjects().data ?? [];
  const nameOf = (id: number) => projects.find((project) => project.id === id)?.name ?? `project ${id}`;
  const monitors = query.data ?? [];
  const linkOf = (monitor: Monitor) =>
    `/monitors/${monitor.projectId}/${encodeURIComponent(monitor.slug)}${scopeSearch(
      scope,
      monitor.environment === "" ? {} : { in: monitor.environment },
    )}`;
  return (
    <div className={styles.page}>
      <PageHead title="Monitors">
        <span className={styles.soft}>{query.data && exactCount(monitors.length)}</span>
        <span className={styles.soft}>runs of the {scopeWords(scope)}</span>
      </PageHead>
      {query.isError && <ErrorState error={query.error} retry={() => void query.refetch()} />}
      {query.isPending && <Skeleton height={280} width="100%" />}
      {query.data?.length === 0 && (
        <EmptyState icon="clock" title="No monitor yet">
          A cron job is listed as soon as it checks in: with the monitors of a Sentry SDK, or with a request to{" "}
          <code>/api/PROJECT/cron/NAME/KEY/?status=ok</code>.
        </EmptyState>
      )}
      {monitors.length > 0 && (
        <div className={styles.scroll} data-old={query.isPlaceholderData}>
          <table className={styles.table}>
            <thead>
              <tr>
                {["Monitor", "Now", "Newest runs", "Next", "Missed", "Failed", "Late", "Half within"].map((each) => (
                  <th key={each} scope="col">
                    {each}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {monitors.map((monitor) => (
                <tr key={`${monitor.projectId} ${monitor.slug} ${monitor.environment}`}>
                  <th scope="row">
                    <Link to={linkOf(monitor)}>{monitor.slug}</Link>
                    <small>
                      {[nameOf(monitor.projectId), monitor.environment, scheduleWords(monitor)]
                        .filter(Boolean)
                        .join(" · ")}
                    </small>
                  </th>
                  <td>
                    <Pill kind={statusKind(monitor.status)}>{statusWords(monitor.status)}</Pill>
                    <small>
                      <RelativeTime time={monitor.runs.at(-1)?.startedAt} suffix=" ago" />
                    </small>
                  </td>
                  <td>
                    <Bars monitor={monitor} />
                  </td>
                  <td>{monitor.nextAt ? absolute(toDate(monitor.nextAt)).slice(0, -7) : "–"}</td>
                  <td>{monitor.missed || "–"}</td>
                  <td>{monitor.failed || "–"}</td>
                  <td>{monitor.late || "–"}</td>
                  <td>{monitor.durationMedianMs === 0n ? "–" : duration(Number(monitor.durationMedianMs))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

/** The newest runs, a bar each, oldest at the left. */
export function Bars({ monitor }: { monitor: Monitor }) {
  const bad = monitor.runs.filter((run) => statusKind(run.status) === "fail").length;
  return (
    <span
      className={styles.bars}
      role="img"
      aria-label={`${plural(monitor.runs.length, "run")}, ${bad} of them in trouble`}
    >
      {monitor.runs.map((run, index) => (
        <i key={`${run.id}-${index}`} data-mark={mark(run)} data-tip={runWords(run)} />
      ))}
    </span>
  );
}
