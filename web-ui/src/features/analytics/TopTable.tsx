// The most frequent values of a field, each with its list.
import Skeleton from "@mui/material/Skeleton";
import { Link } from "react-router";
import type { StatsLine } from "@/gen/errata/v1/explore_pb";
import { comparison, plural } from "@/shared/format/count";
import { Count } from "@/shared/ui/bits";
import { Exports } from "@/shared/ui/Exports";
import { ErrorState } from "@/shared/ui/states";
import { eventsLink, withTerm } from "@/shared/url/query";
import { scopeSearch, type Scope } from "@/shared/url/scope";
import { useStats } from "./api/queryStats";
import { topAsk } from "./asks";
import { nameOf } from "./Explore";
import { fieldName, type View } from "./view";
import styles from "./analytics.module.css";

interface TopTableProps {
  scope: Scope;
  view: View;
  field: string;
}

/** "Issues", "Pages or transactions" */
const titles: Record<string, string> = {
  issue: "Loudest issues",
  project: "Projects",
  release: "Releases",
  transaction: "Pages and transactions",
  user: "Users",
  environment: "Environments",
  type: "Types",
  browser: "Browsers",
};

export function TopTable({ scope, view, field }: TopTableProps) {
  const query = useStats(scope, topAsk(view, field));
  const { range, before } = query.data ?? {};
  const lines = range?.groups.filter((line) => line.value !== "") ?? [];
  const title = titles[field] ?? fieldName(field);
  // What no event has is not told.
  if (query.data && lines.length === 0) return null;
  const most = Math.max(1, ...lines.map((line) => Number(line.events)));
  const oldOf = (line: StatsLine) => before?.groups[range?.groups.indexOf(line) ?? -1];
  const linkOf = (line: StatsLine) =>
    field === "issue" && line.value !== ""
      ? `/issues/${line.value}/events${scopeSearch({ ...scope, environment: "" })}`
      : eventsLink(scope, withTerm(view.query, line.term));
  return (
    <section className={styles.section} aria-label={title} data-old={query.isPlaceholderData}>
      <header className={styles.sectionHead}>
        <h2>{title}</h2>
        {query.data && query.data.values > lines.length && (
          <span className={styles.soft}>
            {lines.length} of {query.data.values}
          </span>
        )}
        <span className={styles.grow} />
        {query.data && (
          <Exports
            title={title}
            table={() => ({
              head: [field, "events", "errors", "users", ...(before ? ["events before"] : [])],
              rows: lines.map((line) => [
                nameOf(line),
                Number(line.events),
                Number(line.errors),
                Number(line.users),
                ...(before ? [Number(oldOf(line)?.events ?? 0n)] : []),
              ]),
            })}
          />
        )}
      </header>
      {query.isPending && <Skeleton height={200} width="100%" />}
      {query.isError && <ErrorState error={query.error} retry={() => void query.refetch()} />}
      <ol className={styles.list}>
        {lines.map((line) => {
          const old = oldOf(line);
          return (
            <li key={line.value}>
              <Link to={linkOf(line)} title={nameOf(line)}>
                {nameOf(line)}
              </Link>
              <span className={styles.bar} aria-hidden="true">
                <i style={{ width: `${(Number(line.events) / most) * 100}%` }} />
              </span>
              <b>
                <Count
                  value={line.events}
                  one="event"
                  more={[
                    line.users > 0n ? `of ${plural(line.users, "user")}` : "",
                    old ? comparison(Number(line.events), Number(old.events)) : "",
                  ]
                    .filter(Boolean)
                    .join("; ")}
                />
              </b>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
