// What the rules would do, asked of the newest events.
import { Link } from "react-router";
import type { CheckRulesResponse } from "@/gen/errata/v1/grouping_pb";
import { plural } from "@/shared/format/count";
import styles from "./grouping.module.css";

export function Verdict({ checked }: { checked: CheckRulesResponse | undefined }) {
  if (checked === undefined || checked.faults.length > 0 || checked.rules === 0) return null;
  return (
    <div className={styles.verdict} aria-live="polite">
      <p>
        {checked.events === 0 ? (
          "No events yet to ask the rules of."
        ) : (
          <>
            Asked of the {plural(checked.events, "newest event")}: <b>{checked.moved}</b> would be grouped otherwise
            than {checked.moved === 1 ? "it is" : "they are"}.
          </>
        )}
        {checked.cutShort && " More were not asked: these rules cost much."}
        {checked.overBudget > 0 &&
          ` Of ${plural(checked.overBudget, "event")} not all rules were asked: together they cost more than an event may.`}
      </p>
      {checked.matches.length > 0 && (
        <ol aria-label="Rules that hold">
          {checked.matches.map((found) => (
            <li key={found.line}>
              <span>line {found.line}</span>
              <code>{found.rule}</code>
              <Link to={`/issues/${found.issueId}/events/${found.eventId}`}>{plural(found.events, "event")}</Link>
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}
