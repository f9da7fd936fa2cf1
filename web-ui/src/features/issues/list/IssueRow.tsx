// One issue of the list. The row is a link; what can be pressed besides lies above it.
import Checkbox from "@mui/material/Checkbox";
import Skeleton from "@mui/material/Skeleton";
import { memo } from "react";
import { Link } from "react-router";
import type { Issue } from "@/gen/errata/v1/issue_pb";
import { plural } from "@/shared/format/count";
import { levelName, memberName, statusName } from "@/shared/format/issue";
import { shortRelease } from "@/shared/format/release";
import { toDate } from "@/shared/format/time";
import { Avatar, Count, LevelLabel, levelColour, Pill, RelativeTime, StatusPill, useNow } from "@/shared/ui/bits";
import { Sparkline } from "@/shared/ui/Sparkline";
import { Kept } from "../Kept";
import styles from "./list.module.css";

interface IssueRowProps {
  issue: Issue;
  projectName: string;
  /** The scope, to keep it in the link. */
  search: string;
  /** "in the last 24 hours": what the numbers are of. */
  within: string;
  /** The start of the range, milliseconds since 1970: what began since then is new. */
  fromMs: number;
  selected: boolean;
  onToggle: (id: string, extend: boolean) => void;
  onAssign: (issue: Issue, anchor: HTMLElement) => void;
}

const isSince = (time: Issue["firstSeen"], fromMs: number) => time !== undefined && toDate(time).getTime() >= fromMs;

/** Longer ago, "new" is no news, however long the range is. */
const NEW_MS = 7 * 86_400_000;

function StatePill({ issue, projectName, fromMs }: Pick<IssueRowProps, "issue" | "projectName" | "fromMs">) {
  const now = useNow();
  if (isSince(issue.regressedAt, fromMs))
    return (
      <Pill kind="fail">Came back{issue.regressedIn && ` in ${shortRelease(issue.regressedIn, projectName)}`}</Pill>
    );
  if (isSince(issue.firstSeen, Math.max(fromMs, now - NEW_MS))) return <Pill kind="accent">New</Pill>;
  return null;
}

export const IssueRow = memo(function IssueRow({
  issue,
  projectName,
  search,
  within,
  fromMs,
  selected,
  onToggle,
  onAssign,
}: IssueRowProps) {
  const level = levelName(issue.level);
  const status = statusName(issue.status);
  const value =
    issue.type && issue.title.startsWith(`${issue.type}:`)
      ? issue.title.slice(issue.type.length + 1).trim()
      : issue.type === issue.title
        ? ""
        : issue.title;
  const assigned = issue.assignee ? `Assigned to ${memberName(issue.assignee)}` : "Assign";
  const inAll = (all: bigint, one: string) => `${within}; ${plural(all, one)} in all`;
  return (
    <div className={styles.row} data-row={issue.id} data-selected={selected} data-quiet={status !== "unresolved"}>
      <span className={styles.levelBar} style={{ background: levelColour(level) }} />
      <Checkbox
        checked={selected}
        onChange={(event) => onToggle(issue.id, event.nativeEvent instanceof MouseEvent && event.nativeEvent.shiftKey)}
        slotProps={{ input: { "aria-label": `Select ${issue.title}` } }}
      />
      <div className={styles.what}>
        <div className={styles.titleLine}>
          <StatePill issue={issue} projectName={projectName} fromMs={fromMs} />
          <Link className={styles.title} to={`/issues/${issue.id}${search}`} data-issue={issue.id} title={issue.title}>
            {issue.type ? <b>{issue.type}</b> : <b>{value}</b>}
            {issue.type && value && <span className={styles.colon}>: </span>}
            {issue.type && <span>{value}</span>}
          </Link>
        </div>
        <div className={styles.where}>
          <span className={styles.phonePill}>
            <StatePill issue={issue} projectName={projectName} fromMs={fromMs} />
          </span>
          {level !== "error" && <LevelLabel level={level} />}
          {status !== "unresolved" && <StatusPill status={status} />}
          {issue.sampled > 0n && (
            <span className={styles.kept}>
              <Kept issue={issue} plain />
            </span>
          )}
          {issue.culprit && <span className={styles.culprit}>{issue.culprit}</span>}
          <span className={styles.project}>{projectName}</span>
          {issue.lastRelease && (
            <span className={styles.release} title={issue.lastRelease}>
              {shortRelease(issue.lastRelease, projectName)}
            </span>
          )}
        </div>
      </div>
      <div className={styles.spark}>
        <Sparkline counts={issue.sparkline} />
      </div>
      <div className={styles.count} data-unit={issue.rangeCount === 1n ? "event" : "events"}>
        <Count value={issue.rangeCount} one="event" more={inAll(issue.count, "event")} />
      </div>
      <div
        className={`${styles.count ?? ""} ${styles.users ?? ""}`}
        data-unit={issue.rangeUsers === 1n ? "user" : "users"}
      >
        {issue.rangeUsers === 0n ? (
          <span
            className={styles.unknown}
            role="img"
            aria-label="users unknown"
            data-tip={`No event ${within} names a user`}
          >
            –
          </span>
        ) : (
          <Count value={issue.rangeUsers} one="user" more={inAll(issue.users, "user")} />
        )}
      </div>
      <div className={`${styles.seen ?? ""} ${styles.first ?? ""}`}>
        <RelativeTime time={issue.firstSeen} suffix=" ago" />
      </div>
      <div className={`${styles.seen ?? ""} ${styles.last ?? ""}`}>
        <RelativeTime time={issue.lastSeen} suffix=" ago" />
      </div>
      <button
        type="button"
        className={styles.assignee}
        aria-label={assigned}
        data-tip={assigned}
        onClick={(event) => onAssign(issue, event.currentTarget)}
      >
        <Avatar member={issue.assignee} />
      </button>
    </div>
  );
});

export function IssueRowSkeleton({ index }: { index: number }) {
  // Widths vary as titles do, the same on each load.
  const width = 40 + ((index * 37) % 45);
  return (
    <div className={styles.row} aria-hidden="true">
      <span className={styles.levelBar} />
      <span />
      <div className={styles.what}>
        <Skeleton height={14} width={`${width}%`} sx={{ my: "3px" }} />
        <Skeleton height={10} width={`${width - 20}%`} sx={{ my: "5px" }} />
      </div>
      <div className={styles.spark}>
        <Skeleton height={20} width={120} />
      </div>
      <div className={styles.count}>
        <Skeleton height={12} width={32} sx={{ ml: "auto" }} />
      </div>
      <div className={`${styles.count ?? ""} ${styles.users ?? ""}`}>
        <Skeleton height={12} width={24} sx={{ ml: "auto" }} />
      </div>
      <div className={`${styles.seen ?? ""} ${styles.first ?? ""}`}>
        <Skeleton height={12} width={44} sx={{ ml: "auto" }} />
      </div>
      <div className={`${styles.seen ?? ""} ${styles.last ?? ""}`}>
        <Skeleton height={12} width={44} sx={{ ml: "auto" }} />
      </div>
      <span />
    </div>
  );
}
