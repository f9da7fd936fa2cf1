// How it goes: numbers, events over time, what is worst, what is new or came back,
// whether everything that arrived was kept. Every figure opens the list it counts.
import Button from "@mui/material/Button";
import Skeleton from "@mui/material/Skeleton";
import { Link } from "react-router";
import type { GetSummaryResponse } from "@/gen/errata/v1/stats_pb";
import { useProjects } from "@/shared/api/listProjects";
import { comparison, exactCount } from "@/shared/format/count";
import { AlertsOff } from "@/shared/ui/AlertsOff";
import { Count, PageHead } from "@/shared/ui/bits";
import { EmptyState, ErrorState } from "@/shared/ui/states";
import { scopeSearch, scopeWords, useScope, type Scope } from "@/shared/url/scope";
import { useSummary } from "./api/getSummary";
import { rankingLink } from "./api/listIssues";
import { MostEvents, News } from "./IssueLists";
import { OverTime } from "./OverTime";
import { Pipeline } from "./Pipeline";
import styles from "./dashboard.module.css";

export function DashboardPage() {
  const [scope, setScope] = useScope();
  const summary = useSummary(scope);
  const projects = useProjects();
  const nothingEver = projects.data?.every((project) => project.events === 0n) === true;
  const nothingNow = summary.data?.range?.events === 0n;
  return (
    <div className={styles.page}>
      <PageHead title="Dashboard">
        <span className={styles.range}>{scopeWords(scope)}</span>
      </PageHead>
      <AlertsOff />
      {nothingEver ? (
        <Nothing projectId={scope.projectIds[0] ?? projects.data?.[0]?.id} />
      ) : (
        <>
          {summary.isError ? (
            <ErrorState error={summary.error} retry={() => void summary.refetch()} />
          ) : (
            <Numbers summary={summary.data} scope={scope} />
          )}
          {nothingNow ? (
            <EmptyState
              icon="check"
              title="No event in this time"
              actions={
                <Button variant="outlined" onClick={() => setScope({ range: "30d", span: null })}>
                  Look at 30 days
                </Button>
              }
            >
              Nothing was received {scope.environment === "" ? "" : `from ${scope.environment} `}for what is chosen
              above.
            </EmptyState>
          ) : (
            <>
              <OverTime scope={scope} />
              <div className={styles.columns}>
                <MostEvents scope={scope} />
                <News scope={scope} />
              </div>
            </>
          )}
          <Pipeline scope={scope} />
        </>
      )}
    </div>
  );
}

function Nothing({ projectId }: { projectId: number | undefined }) {
  return (
    <EmptyState
      icon="dashboard"
      title="Nothing to show yet"
      actions={
        <Button
          variant="contained"
          component={Link}
          to={projectId === undefined ? "/projects" : `/projects/${projectId}`}
        >
          Connect an application
        </Button>
      }
    >
      When the first errors have arrived, this page shows how many there are, whom they reach, what is new and what came
      back.
    </EmptyState>
  );
}

function Numbers({ summary, scope }: { summary: GetSummaryResponse | undefined; scope: Scope }) {
  const now = summary?.range;
  const before = summary?.before;
  const issues = (more: Record<string, string>) => `/issues${scopeSearch(scope, more)}`;
  return (
    <ul className={styles.numbers} aria-label="Numbers of the time chosen">
      <Figure
        name="Events"
        value={now?.events}
        note={now && before ? comparison(Number(now.events), Number(before.events)) : ""}
        one="event"
      />
      <Figure
        name="Affected users"
        value={now?.users}
        unknown={now?.users === 0n && now.events > 0n}
        note={
          now?.users === 0n && now.events > 0n
            ? "no event names a user"
            : now && before
              ? comparison(Number(now.users), Number(before.users))
              : ""
        }
        one="user"
      />
      <Figure
        name="Issues"
        value={now?.issues}
        to={issues({ status: "all" })}
        note="with an event in this time"
        one="issue"
      />
      <Figure
        name="New"
        value={now?.newIssues}
        to={issues(rankingLink.new)}
        note={before ? `${exactCount(before.newIssues)} in the time before` : ""}
        one="new issue"
      />
      <Figure
        name="Came back"
        value={now?.regressedIssues}
        to={issues(rankingLink.regressed)}
        note="resolved, then seen again"
        one="regressed issue"
      />
      <Figure
        name="Unresolved"
        value={now?.unresolvedIssues}
        to={issues({})}
        note="of the issues of this time"
        one="unresolved issue"
      />
    </ul>
  );
}

interface FigureProps {
  name: string;
  value: bigint | undefined;
  note: string;
  /** The list of exactly so many. */
  to?: string;
  one: string;
  unknown?: boolean;
}

function Figure({ name, value, note, to, one, unknown = false }: FigureProps) {
  return (
    <li className={styles.figure}>
      <span className={styles.figureName}>{to ? <Link to={to}>{name}</Link> : name}</span>
      <span className={styles.figureValue}>
        {value === undefined ? (
          <Skeleton height={28} width={64} sx={{ my: "3px" }} />
        ) : unknown ? (
          "–"
        ) : (
          <Count value={value} one={one} />
        )}
      </span>
      <small>{note}</small>
    </li>
  );
}
