// Title, state, what to do, and the numbers in one line: little, so that the code below
// is on the first screen.
import type { ReactNode } from "react";
import { Link } from "react-router";
import type { Issue } from "@/gen/errata/v1/issue_pb";
import { visible } from "@/shared/format/controls";
import { exactCount } from "@/shared/format/count";
import { levelName, shortType, statusName } from "@/shared/format/issue";
import { Count, LevelLabel, Pill, RelativeTime, StatusPill } from "@/shared/ui/bits";
import { ReleaseText } from "@/shared/ui/CutText";
import { EventText } from "@/shared/ui/EventText";
import { Icon } from "@/shared/ui/Icon";
import { Sparkline } from "@/shared/ui/Sparkline";
import { rangeWords, type Scope } from "@/shared/url/scope";
import type { LiveState } from "../api/streamIssues";
import { LiveDot } from "../list/LiveDot";
import { DiscardedPill } from "./Discarded";
import { Kept } from "../Kept";
import { listed } from "./StandsFor";
import type { Place } from "./walk";
import styles from "./detail.module.css";

interface IssueHeaderProps {
  issue: Issue;
  /** As many as the list of its events has. */
  keptEvents: bigint;
  scope: Scope;
  /** Of the events' tab. */
  eventsLink: string;
  /** The project's name, which its releases often repeat. */
  project: string;
  actions: ReactNode;
}

/** "Type: value" of a title that begins with its type. */
function partsOf(issue: Issue): { type: string; value: string } {
  const value =
    issue.type && issue.title.startsWith(`${issue.type}:`) ? issue.title.slice(issue.type.length + 1).trim() : "";
  return value ? { type: issue.type, value } : { type: issue.title, value: "" };
}

export function IssueHeader({ issue, keptEvents, scope, eventsLink, project, actions }: IssueHeaderProps) {
  const { type, value } = partsOf(issue);
  const shown = issue.type === "" ? type : shortType(type);
  return (
    <header className={styles.header} data-tips="">
      <div className={styles.headerTop}>
        <h1>
          <b data-tip={shown === type ? undefined : visible(type)}>
            <EventText text={shown} />
          </b>
          {value && (
            <>
              : <EventText text={value} />
            </>
          )}
        </h1>
        {actions}
      </div>
      <div className={styles.headerWhere}>
        <LevelLabel level={levelName(issue.level)} />
        {issue.isDiscarded ? <DiscardedPill issue={issue} /> : <StatusPill status={statusName(issue.status)} />}
        {issue.regressedAt && (
          <Pill kind="accent">
            Came back
            {issue.regressedIn && (
              <>
                {" "}
                in <ReleaseText release={issue.regressedIn} project={project} />
              </>
            )}
          </Pill>
        )}
        {issue.handled === false && <Pill kind="fail">unhandled</Pill>}
        {issue.culprit && (
          <code>
            <EventText text={issue.culprit} />
          </code>
        )}
        <span className={styles.facts}>
          <Kept issue={issue} />
          <Fact name={issue.count === 1n ? "event" : "events"}>
            <Count value={issue.count} one="event" more={listed(issue.count, keptEvents)} />
          </Fact>
          <Fact name={issue.users === 1n ? "user" : "users"}>
            {issue.users === 0n ? "–" : <Count value={issue.users} one="user" />}
          </Fact>
          <Seen what="first" time={issue.firstSeen} release={issue.firstRelease} project={project} />
          <Seen what="last" time={issue.lastSeen} release={issue.lastRelease} project={project} />
        </span>
        <Link
          className={styles.spark}
          to={eventsLink}
          aria-label={`Events over the ${rangeWords(scope.range)}`}
          data-tip={`Events of the ${rangeWords(scope.range)}. Press to see them.`}
        >
          <Sparkline counts={issue.sparkline} width={112} height={22} />
        </Link>
      </div>
    </header>
  );
}

const Fact = ({ name, children }: { name: string; children: ReactNode }) => (
  <span className={styles.fact}>
    <b>{children}</b> {name}
  </span>
);

function Seen({
  what,
  time,
  release,
  project,
}: {
  what: string;
  time: Issue["firstSeen"];
  release: string;
  project: string;
}) {
  return (
    <span className={styles.fact}>
      {what} <RelativeTime time={time} suffix=" ago" />
      {release && (
        <span className={styles.factNote}>
          in <ReleaseText release={release} project={project} />
        </span>
      )}
    </span>
  );
}

/** Where one is, and the way to the neighbours in the list one came from. */
export function Trail({
  place,
  list,
  project,
  to,
  issueId,
  live,
}: {
  place: Place;
  list: string;
  project: { name: string; to: string } | undefined;
  to: (issueId: string) => string;
  issueId: string;
  live: LiveState;
}) {
  return (
    <div className={styles.trail}>
      <nav aria-label="Breadcrumb">
        <Link to={list}>Issues</Link>
        {project && (
          <>
            <span aria-hidden="true">/</span>
            <Link to={project.to}>{project.name}</Link>
          </>
        )}
        <span aria-hidden="true">/</span>
        <code>{issueId.slice(0, 8)}</code>
      </nav>
      <span className={styles.live}>
        <LiveDot state={live} />
      </span>
      {place.number > 0 && (
        <nav className={styles.walk} aria-label="Issues of the list">
          <Neighbour icon="chevronLeft" label="Previous issue (k)" to={place.previous && to(place.previous)} />
          <span>
            {exactCount(place.number)} of {place.total > 10_000 ? "over 10,000" : exactCount(place.total)}
          </span>
          <Neighbour icon="chevronRight" label="Next issue (j)" to={place.next && to(place.next)} />
        </nav>
      )}
    </div>
  );
}

function Neighbour({
  icon,
  label,
  to,
}: {
  icon: "chevronLeft" | "chevronRight";
  label: string;
  to: string | undefined;
}) {
  if (!to) {
    return (
      <span className={styles.step} aria-hidden="true" data-off="true">
        <Icon name={icon} />
      </span>
    );
  }
  return (
    <Link className={styles.step} to={to} aria-label={label} data-tip={label}>
      <Icon name={icon} />
    </Link>
  );
}
