// What the issues of the list have in common, and their events over time.
import { useRef } from "react";
import { toDate } from "@/shared/format/time";
import { BarChart } from "@/shared/ui/BarChart";
import { Exports } from "@/shared/ui/Exports";
import { withTerm } from "@/shared/url/query";
import { useIssueFacets } from "../api/listIssueFacets";
import { Facets } from "../events/Facets";
import { hasTerm, withoutTerm } from "../events/terms";
import type { IssueSearch, SetSearch } from "./search";
import styles from "./issueFacetsPanel.module.css";

export interface IssueFacetsProps {
  search: IssueSearch;
  setSearch: SetSearch;
}

export function IssueFacetsPanel({ search, setSearch }: IssueFacetsProps) {
  const chart = useRef<HTMLDivElement>(null);
  const query = useIssueFacets(search, true);
  const { from, bucketS = 3600, counts = [], total = 0, facets } = query.data ?? {};
  const numbers = counts.map(Number);
  const onTerm = (term: string) =>
    setSearch(({ text, statuses }) => ({
      text: hasTerm(text, term) ? withoutTerm(text, term) : withTerm(text, term),
      // A status that is asked for is not narrowed by another one beside it.
      statuses: term.startsWith("is:") ? [] : statuses,
    }));
  return (
    <div className={styles.panel}>
      {from && (
        <div ref={chart}>
          <BarChart
            label="Events of these issues"
            from={toDate(from)}
            bucketS={bucketS}
            series={[{ name: "events", colour: "var(--accent)", counts: numbers }]}
            height={96}
            hint="Press for the issues of that time, draw for a longer one"
            onSpan={(fromS, toS) =>
              setSearch({ span: { fromS, toS: Math.min(toS, Math.max(fromS + 60, Math.ceil(Date.now() / 1000))) } })
            }
          />
          <Exports
            title="Events of these issues"
            chart={chart}
            table={() => ({
              head: ["from", "events"],
              rows: numbers.map((count, index) => [
                new Date(toDate(from).getTime() + index * bucketS * 1000).toISOString(),
                count,
              ]),
            })}
          />
        </div>
      )}
      <div className={styles.groups}>
        <Facets
          facets={facets}
          total={total}
          one="issue"
          isOld={query.isPlaceholderData}
          has={(term) => hasTerm(search.text, term)}
          onTerm={onTerm}
        />
      </div>
    </div>
  );
}
