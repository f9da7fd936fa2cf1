// The list of then.
import Button from "@mui/material/Button";
import { useState, type SubmitEvent } from "react";
import { Link } from "react-router";
import type { ListIssuesResponse } from "@/gen/errata/v1/issue_pb";
import { exactCount } from "@/shared/format/count";
import { levelName, statusName } from "@/shared/format/issue";
import { absolute, toDate } from "@/shared/format/time";
import { Count, LevelLabel, StatusPill } from "@/shared/ui/bits";
import { EventText } from "@/shared/ui/EventText";
import { EmptyState } from "@/shared/ui/states";
import { rangeWords } from "@/shared/url/scope";
import type { IssueSearch } from "../list/search";
import styles from "./past.module.css";

const COLUMNS: readonly (readonly [string, string | undefined])[] = [
  ["Issue", undefined],
  ["Status", styles.roomy],
  ["Level", styles.roomy],
  ["Events", styles.number],
  ["Users", styles.number],
  ["Last seen", styles.roomy],
];

interface PastIssuesProps {
  answer: ListIssuesResponse;
  search: IssueSearch;
  nameOf: (projectId: number) => string;
  linkOf: (issueId: string) => string;
  onText: (text: string) => void;
  onAll: () => void;
}

export function PastIssues({ answer, search, nameOf, linkOf, onText, onAll }: PastIssuesProps) {
  const [text, setText] = useState(search.text);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    onText(text);
  };
  const rows = answer.issues;
  return (
    <>
      <form className={styles.filter} onSubmit={submit}>
        <input
          type="search"
          aria-label="Query"
          placeholder="Search: words, ids, level:error, !browser:Safari"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <Button type="submit" size="small" variant="outlined">
          Find
        </Button>
        <span className={styles.soft}>
          {search.statuses.length === 0 ? "Every status" : search.statuses.join(", ")}, {rangeWords(search.range)}{" "}
          before then: {exactCount(answer.total)}
        </span>
        {search.statuses.length > 0 && (
          <Button size="small" onClick={onAll}>
            Every status
          </Button>
        )}
      </form>
      {rows.length === 0 ? (
        <EmptyState icon="search" title="No issues then">
          None that passes had happened in the {rangeWords(search.range)} before that time.
        </EmptyState>
      ) : (
        <div className={styles.scroll}>
          <table className={styles.table}>
            <thead>
              <tr>
                {COLUMNS.map(([name, style]) => (
                  <th key={name} scope="col" className={style}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((issue) => (
                <tr key={issue.id}>
                  <th scope="row">
                    <Link to={linkOf(issue.id)}>
                      <EventText text={issue.title} />
                    </Link>
                    <small>
                      <EventText text={issue.culprit} /> {nameOf(issue.projectId)}
                    </small>
                  </th>
                  <td className={styles.roomy}>
                    <StatusPill status={statusName(issue.status)} />
                  </td>
                  <td className={styles.roomy}>
                    <LevelLabel level={levelName(issue.level)} />
                  </td>
                  <td className={styles.number}>
                    <Count value={issue.rangeCount} one="event" />
                  </td>
                  <td className={styles.number}>
                    {issue.rangeUsers === 0n ? "–" : <Count value={issue.rangeUsers} one="user" />}
                  </td>
                  <td className={styles.roomy}>{issue.lastSeen ? absolute(toDate(issue.lastSeen)) : "–"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {answer.nextCursor !== "" && (
        <p className={styles.soft}>The newest {exactCount(rows.length)} are shown: narrow it to see others.</p>
      )}
    </>
  );
}
