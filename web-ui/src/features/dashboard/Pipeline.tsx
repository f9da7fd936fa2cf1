// Whether everything that arrived was kept, and whether the lists are up to date.
import { Link } from "react-router";
import { useProjects } from "@/shared/api/listProjects";
import { exactCount, plural, shortCount } from "@/shared/format/count";
import { scopeSeconds, type Scope } from "@/shared/url/scope";
import { useArrivals } from "./api/listArrivals";
import { usePipelineStatus } from "./api/getPipelineStatus";
import styles from "./dashboard.module.css";

const HOUR_S = 3600;
/** One request each. */
const PROJECTS_MAX = 20;

const jobs: Record<string, string> = { issues: "Issues and counts", search: "Search", cold: "Archive" };
const words = (name: string): string => name.replaceAll("_", " ");

export function Pipeline({ scope }: { scope: Scope }) {
  const status = usePipelineStatus();
  const projects = useProjects().data ?? [];
  const chosen = (scope.projectIds.length > 0 ? scope.projectIds : projects.map((project) => project.id)).slice(
    0,
    PROJECTS_MAX,
  );
  // Arrivals are counted up to now, by the hour.
  const arrivals = useArrivals(scope.span ? [] : chosen, Math.ceil(scopeSeconds(scope) / HOUR_S)).data;
  const lost = arrivals?.dropped.reduce((sum, each) => sum + each.count, 0n) ?? 0n;
  if (!status.data) return null;
  return (
    <section className={styles.section} aria-label="Ingestion">
      <header className={styles.sectionHead}>
        <h2>Ingestion</h2>
      </header>
      <dl className={styles.pipeline}>
        {arrivals && (
          <>
            <div>
              <dt>Received</dt>
              <dd>{plural(arrivals.received, "event")}</dd>
            </div>
            <div>
              <dt>Stored</dt>
              <dd>{exactCount(arrivals.stored)}</dd>
            </div>
            <div>
              <dt>Dropped</dt>
              <dd>
                {lost === 0n
                  ? "none"
                  : `${exactCount(lost)}: ${arrivals.dropped.map((each) => `${words(each.reason)} ${exactCount(each.count)}`).join(", ")}`}
                {lost > 0n && chosen.length === 1 && (
                  <>
                    {" "}
                    <Link to={`/projects/${chosen[0] ?? ""}/ingestion`}>Why</Link>
                  </>
                )}
              </dd>
            </div>
            {arrivals.droppedByClients > 0n && (
              <div>
                <dt>Dropped by SDKs</dt>
                <dd>{exactCount(arrivals.droppedByClients)}</dd>
              </div>
            )}
          </>
        )}
        {status.data.projections.map((each) => (
          <div key={each.name}>
            <dt>{jobs[each.name] ?? each.name}</dt>
            <dd>
              {each.lag === 0n
                ? "up to date"
                : `${shortCount(each.lag)} ${each.lag === 1n ? "record" : "records"} behind`}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
