// The result of a preview: how much would move, and each issue that would merge, split or
// begin, with samples side by side.
import type { ReactNode } from "react";
import { Link } from "react-router";
import type { EventSummary } from "@/gen/errata/v1/event_read_pb";
import { RegroupEnd, type RegroupGroup, type RegroupIssue, type RegroupPreview } from "@/gen/errata/v1/grouping_pb";
import { exactCount, plural } from "@/shared/format/count";
import { RelativeTime } from "@/shared/ui/bits";
import styles from "./preview.module.css";

interface Props {
  result: RegroupPreview;
  /** "by these rules" */
  about: string;
  isOld: boolean;
}

export function Outcome({ result, about, isOld }: Props) {
  const { events, moved, issuesBefore, issuesAfter } = result;
  return (
    <div className={styles.outcome} role="region" aria-label="Preview" data-old={isOld}>
      <p aria-live="polite">
        {events === 0n ? (
          "No events to ask yet."
        ) : moved === 0n ? (
          <>
            Grouped {about}, all of {plural(events, "event")} stay in their issues.
          </>
        ) : (
          <>
            Grouped {about}, <b>{exactCount(moved)}</b> of {plural(events, "event")} would be in another issue;{" "}
            {plural(issuesBefore, "issue")} would be <b>{exactCount(issuesAfter)}</b>.
          </>
        )}
        {isOld && " The editor has other rules by now."}
      </p>
      <Limits result={result} />
      <List title="Merge" groups={result.merges} total={result.mergesTotal} says={merged} mark={mergedPart} />
      <List title="Split" groups={result.splits} total={result.splitsTotal} says={split} mark={splitPart} />
      <List title="New" groups={result.created} total={result.createdTotal} says={created} mark={() => "from"} />
    </div>
  );
}

/** What was not looked at, or not told. */
function Limits({ result }: { result: RegroupPreview }) {
  const cut = result.end === RegroupEnd.EVENTS || result.end === RegroupEnd.TIME;
  if (!cut && result.overBudget === 0n && result.uncounted === 0n) return null;
  return (
    <p className={styles.note}>
      {cut && (
        <>
          Looked at the newest {exactCount(result.events)} of {plural(result.total, "event")}
          {result.end === RegroupEnd.TIME && ", as time was up"}; the oldest came{" "}
          <RelativeTime time={result.reached} suffix=" ago" />.{" "}
        </>
      )}
      {result.overBudget > 0n &&
        `Of ${plural(result.overBudget, "event")} not all rules were asked: together they cost more than an event may. `}
      {result.uncounted > 0n && `${plural(result.uncounted, "event")} are left out: too many different groups.`}
    </p>
  );
}

const merged = ({ partsTotal }: RegroupGroup) => `${plural(partsTotal, "issue")} in one`;
const split = ({ partsTotal }: RegroupGroup) => `in ${plural(partsTotal, "part")}`;
const created = ({ partsTotal }: RegroupGroup) => `out of ${plural(partsTotal, "issue")}`;
const mergedPart = (part: RegroupIssue, whole: RegroupIssue) =>
  part.id === whole.id ? "lives on" : whole.isNew ? "a part of it" : "merges into it";
const splitPart = (part: RegroupIssue, whole: RegroupIssue) =>
  part.id === whole.id ? "lives on" : part.isNew ? "new" : "goes into another";

interface ListProps {
  title: string;
  groups: RegroupGroup[];
  total: number;
  says: (group: RegroupGroup) => string;
  mark: (part: RegroupIssue, whole: RegroupIssue) => string;
}

function List({ title, groups, total, says, mark }: ListProps) {
  if (total === 0) return null;
  return (
    <section className={styles.list} aria-label={title}>
      <h3>
        {title} <span className={styles.note}>{exactCount(total)}</span>
      </h3>
      {groups.map(
        (group) => group.issue && <Group key={group.issue.id} {...{ group, says, mark }} whole={group.issue} />,
      )}
      {total > groups.length && (
        <p className={styles.note}>and {exactCount(total - groups.length)} more, smaller ones</p>
      )}
    </section>
  );
}

function Group({
  group,
  whole,
  says,
  mark,
}: Pick<ListProps, "says" | "mark"> & { group: RegroupGroup; whole: RegroupIssue }) {
  const more = group.partsTotal - group.parts.length;
  return (
    <details className={styles.group}>
      <summary>
        <span className={styles.title}>{whole.title}</span>
        <span className={styles.note}>
          {says(group)}, {plural(whole.events, "event")}
        </span>
      </summary>
      <div className={styles.parts}>
        {group.parts.map((part) => (
          <Part key={part.id} part={part} mark={mark(part, whole)} />
        ))}
      </div>
      {more > 0 && <p className={styles.note}>and {exactCount(more)} more, smaller ones</p>}
    </details>
  );
}

function Part({ part, mark }: { part: RegroupIssue; mark: string }) {
  return (
    <div className={styles.part}>
      <p>
        <Named part={part}>{part.title}</Named>
        <span className={styles.note}>
          {mark}, {plural(part.events, "event")}
          {part.isDiscarded && ", discarded"}
        </span>
      </p>
      <ul>
        {part.samples.map((sample) => (
          <li key={sample.id}>
            <Link to={`/issues/${sample.issueId}/events/${sample.id}`}>{saysOf(sample)}</Link>
            <span className={styles.note}>
              {[sample.release, sample.environment].filter((text) => text !== "").join(" · ")}{" "}
              <RelativeTime time={sample.timestamp} suffix=" ago" />
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** An issue that is there has a page. */
function Named({ part, children }: { part: RegroupIssue; children: ReactNode }) {
  if (part.isNew) return <b>{children}</b>;
  return <Link to={`/issues/${part.id}`}>{children}</Link>;
}

const saysOf = ({ type, message, id }: EventSummary): string =>
  [type, message].filter((text) => text !== "").join(": ") || id;
