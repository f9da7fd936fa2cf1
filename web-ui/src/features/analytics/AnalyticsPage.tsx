// How a period went beside the one before: what became of issues, events over time by any
// field, where and whom they hit, when. Every figure opens the list it counts; every chart
// can be taken elsewhere; the page can be printed.
import Button from "@mui/material/Button";
import { type SubmitEvent, useEffect, useState } from "react";
import { failureOf } from "@/shared/format/failure";
import { sentence } from "@/shared/format/sentence";
import { PageHead } from "@/shared/ui/bits";
import { Icon } from "@/shared/ui/Icon";
import { EmptyState, ErrorState } from "@/shared/ui/states";
import { scopeWords, useScope } from "@/shared/url/scope";
import { useStats } from "./api/queryStats";
import { exploreAsk } from "./asks";
import { Explore } from "./Explore";
import { Figures } from "./Figures";
import { HeatMap } from "./HeatMap";
import { TopTable } from "./TopTable";
import { QUERY_MAX, useView } from "./view";
import styles from "./analytics.module.css";

/** What is told of a period, most wanted first. */
const TOPS = ["issue", "project", "release", "transaction", "user", "environment", "type", "browser"];

export function AnalyticsPage() {
  const [scope] = useScope();
  const [view, setView] = useView();
  const explored = useStats(scope, exploreAsk(view));
  const failure = explored.isError ? failureOf(explored.error) : null;
  const refused = failure?.kind === "refused";
  const none = explored.data?.range?.total?.events === 0n && !explored.isPlaceholderData;
  return (
    <div className={styles.page}>
      <PageHead title="Analytics">
        <span className={styles.range}>{scopeWords(scope)}</span>
        <span className={styles.grow} />
        <label className={styles.compare}>
          <input
            type="checkbox"
            checked={view.compare}
            onChange={(event) => setView({ compare: event.target.checked })}
          />
          Beside the time before
        </label>
        <Button className={styles.print} variant="outlined" onClick={() => window.print()}>
          Print
        </Button>
      </PageHead>
      <QueryForm query={view.query} onChange={(query) => setView({ query })} fault={refused ? failure.reason : ""} />
      <Figures scope={scope} view={view} stats={explored.data} />
      {explored.isError && !refused && <ErrorState error={explored.error} retry={() => void explored.refetch()} />}
      {!refused && <Explore scope={scope} view={view} setView={setView} query={explored} />}
      {none ? (
        <EmptyState icon="check" title="No event in this time">
          {view.query === "" ? "Nothing was received for what is chosen above." : "No event passes the query."}
        </EmptyState>
      ) : (
        !refused && (
          <>
            <div className={styles.tops}>
              {TOPS.map((field) => (
                <TopTable key={field} scope={scope} view={view} field={field} />
              ))}
            </div>
            <HeatMap scope={scope} view={view} />
          </>
        )
      )}
    </div>
  );
}

interface QueryFormProps {
  query: string;
  onChange: (query: string) => void;
  /** Why it cannot be read; empty: it can. */
  fault: string;
}

function QueryForm({ query, onChange, fault }: QueryFormProps) {
  const [draft, setDraft] = useState(query);
  useEffect(() => {
    setDraft(query);
  }, [query]);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    onChange(draft);
  };
  return (
    <form className={styles.query} onSubmit={submit} role="search">
      <Icon name="filter" />
      <input
        type="search"
        aria-label="Only events that pass"
        placeholder="Only events that pass: level:error, release:shop@2*, browser:Safari, words"
        aria-invalid={fault !== ""}
        aria-describedby={fault === "" ? undefined : "analytics-fault"}
        maxLength={QUERY_MAX}
        autoComplete="off"
        spellCheck={false}
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={() => onChange(draft)}
      />
      {fault !== "" && (
        <span id="analytics-fault" role="alert" className={styles.fault}>
          {sentence(fault)}
        </span>
      )}
    </form>
  );
}
