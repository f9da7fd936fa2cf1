// One cron job, run by run.
import Button from "@mui/material/Button";
import Skeleton from "@mui/material/Skeleton";
import { Link, useParams, useSearchParams } from "react-router";
import { useProjects } from "@/shared/api/listProjects";
import { absolute, duration, toDate } from "@/shared/format/time";
import { PageHead, Pill } from "@/shared/ui/bits";
import { Exports } from "@/shared/ui/Exports";
import { ErrorState } from "@/shared/ui/states";
import { scopeSearch, useScope } from "@/shared/url/scope";
import { useCheckIns } from "./api/listCheckIns";
import { Bars } from "./MonitorsPage";
import { scheduleWords, statusKind, statusWords } from "./runs";
import styles from "./monitors.module.css";

export function MonitorPage() {
  const { projectId = "", slug = "" } = useParams();
  const [params] = useSearchParams();
  const [scope] = useScope();
  const environment = params.get("in") ?? "";
  const query = useCheckIns(Number(projectId), slug, environment);
  const project = useProjects().data?.find((each) => each.id === Number(projectId))?.name ?? "";
  const monitor = query.data?.pages[0]?.monitor;
  const runs = query.data?.pages.flatMap((page) => page.runs) ?? [];
  const time = (at: (typeof runs)[number]["startedAt"]) => (at ? absolute(toDate(at)) : "–");
  return (
    <div className={styles.page}>
      <PageHead title={slug} of={project}>
        <Link className={styles.soft} to={`/monitors${scopeSearch(scope)}`}>
          All monitors
        </Link>
        <span className={styles.soft}>{[project, environment].filter(Boolean).join(" · ")}</span>
        <span className={styles.grow} />
        {runs.length > 0 && (
          <Exports
            title={`Runs of ${slug}`}
            table={() => ({
              head: ["started", "expected", "status", "late", "duration ms", "release"],
              rows: runs.map((run) => [
                run.startedAt ? toDate(run.startedAt).toISOString() : "",
                run.expectedAt ? toDate(run.expectedAt).toISOString() : "",
                statusWords(run.status),
                run.isLate ? "yes" : "no",
                run.durationMs === undefined ? "" : Number(run.durationMs),
                run.release,
              ]),
            })}
          />
        )}
      </PageHead>
      {query.isError && runs.length === 0 && <ErrorState error={query.error} retry={() => void query.refetch()} />}
      {query.isPending && <Skeleton height={280} width="100%" />}
      {monitor && (
        <dl className={styles.facts}>
          <div>
            <dt>Now</dt>
            <dd>
              <Pill kind={statusKind(monitor.status)}>{statusWords(monitor.status)}</Pill>
            </dd>
          </div>
          <div>
            <dt>Schedule</dt>
            <dd>{scheduleWords(monitor)}</dd>
          </div>
          <div>
            <dt>Next</dt>
            <dd>{time(monitor.nextAt)}</dd>
          </div>
          <div>
            <dt>Missed after</dt>
            <dd>{duration(monitor.marginS * 1000)}</dd>
          </div>
          <div>
            <dt>Too long after</dt>
            <dd>{duration(monitor.maxRuntimeS * 1000)}</dd>
          </div>
          <div>
            <dt>Newest runs</dt>
            <dd>
              <Bars monitor={monitor} />
            </dd>
          </div>
        </dl>
      )}
      {runs.length > 0 && (
        <div className={styles.scroll}>
          <table className={styles.table}>
            <thead>
              <tr>
                {["Began", "State", "Was due", "Took", "Release"].map((each) => (
                  <th key={each} scope="col">
                    {each}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {runs.map((run, index) => (
                <tr key={`${run.id}-${index}`}>
                  <th scope="row">{time(run.startedAt)}</th>
                  <td>
                    <Pill kind={statusKind(run.status)}>{statusWords(run.status)}</Pill>
                    {run.isLate && <small> late</small>}
                  </td>
                  <td>{time(run.expectedAt)}</td>
                  <td>{run.durationMs === undefined ? "–" : duration(Number(run.durationMs))}</td>
                  <td>{run.release || "–"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {query.hasNextPage && (
        <Button
          variant="outlined"
          sx={{ alignSelf: "center" }}
          disabled={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          {query.isFetchingNextPage ? "Loading…" : "Show more"}
        </Button>
      )}
    </div>
  );
}
