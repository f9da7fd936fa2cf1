// The heads of three lists: most events, new, came back.
import Skeleton from "@mui/material/Skeleton";
import { useState } from "react";
import { Link } from "react-router";
import type { Issue } from "@/gen/errata/v1/issue_pb";
import { plural } from "@/shared/format/count";
import { levelName } from "@/shared/format/issue";
import { Count, LevelMark, RelativeTime, Segments } from "@/shared/ui/bits";
import { Sparkline } from "@/shared/ui/Sparkline";
import { ErrorState } from "@/shared/ui/states";
import { scopeSearch, withinScope, type Scope } from "@/shared/url/scope";
import { type Ranking, rankingLink, useRanking } from "./api/listIssues";
import styles from "./dashboard.module.css";

export function MostEvents({ scope }: { scope: Scope }) {
  const top = useRanking(scope, "most");
  const most = Math.max(1, ...(top.data ?? []).map((issue) => Number(issue.rangeCount)));
  return (
    <section className={styles.section} aria-label="Most events">
      <header className={styles.sectionHead}>
        <h2>Most events</h2>
        <span className={styles.grow} />
        <All scope={scope} ranking="most" text="All by events" />
      </header>
      {top.isPending && <Skeleton height={240} width="100%" />}
      {top.isError && <ErrorState error={top.error} retry={() => void top.refetch()} />}
      <ol className={styles.list}>
        {top.data?.map((issue) => (
          <li key={issue.id}>
            <IssueLine issue={issue} scope={scope} />
            <span className={styles.bar} aria-hidden="true">
              <i style={{ width: `${(Number(issue.rangeCount) / most) * 100}%` }} />
            </span>
            <b className={styles.count}>
              <Count
                value={issue.rangeCount}
                one="event"
                more={`${withinScope(scope)}; ${plural(issue.count, "event")} in all`}
              />
            </b>
          </li>
        ))}
      </ol>
    </section>
  );
}

const words: Record<Exclude<Ranking, "most">, { none: string; all: string }> = {
  new: { none: "No issue began", all: "All new" },
  regressed: { none: "No resolved issue came back", all: "All that came back" },
};

export function News({ scope }: { scope: Scope }) {
  const [shown, setShown] = useState<Exclude<Ranking, "most">>("new");
  const list = useRanking(scope, shown);
  return (
    <section className={styles.section} aria-label="New issues">
      <header className={styles.sectionHead}>
        <h2>{shown === "new" ? "New" : "Came back"}</h2>
        <Segments
          label="Which"
          value={shown}
          options={[
            ["new", "New"],
            ["regressed", "Came back"],
          ]}
          onChange={setShown}
        />
        <span className={styles.grow} />
        <All scope={scope} ranking={shown} text={words[shown].all} />
      </header>
      {list.isPending && <Skeleton height={240} width="100%" />}
      {list.isError && <ErrorState error={list.error} retry={() => void list.refetch()} />}
      {list.data?.length === 0 && (
        <p className={styles.none}>
          {words[shown].none} {withinScope(scope)}.
        </p>
      )}
      <ol className={styles.list} aria-busy={list.isPlaceholderData}>
        {list.data?.map((issue) => (
          <li key={issue.id}>
            <IssueLine issue={issue} scope={scope} />
            <span className={styles.spark}>
              <Sparkline counts={issue.sparkline} width={72} height={20} />
            </span>
            <span className={styles.age}>
              <RelativeTime time={shown === "new" ? issue.firstSeen : issue.regressedAt} />
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function All({ scope, ranking, text }: { scope: Scope; ranking: Ranking; text: string }) {
  return (
    <Link className={styles.more} to={`/issues${scopeSearch(scope, rankingLink[ranking])}`}>
      {text}
    </Link>
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
