// One issue of the list, and the table's head. The row is a link; what can be
// pressed besides lies above it.
import Checkbox from "@mui/material/Checkbox";
import Skeleton from "@mui/material/Skeleton";
import { memo } from "react";
import { Link } from "react-router";
import type { Issue } from "@/gen/errata/v1/issue_pb";
import { levelName, memberName, statusName } from "@/shared/format/issue";
import { Avatar, Count, LevelLabel, levelColour, RelativeTime, StatusPill } from "@/shared/ui/bits";
import { Sparkline } from "@/shared/ui/Sparkline";
import { SORTS, type IssueSearch, type SortName } from "./search";
import styles from "./list.module.css";

interface IssueRowProps {
  issue: Issue;
  projectName: string;
  /** The scope, to keep it in the link. */
  search: string;
  selected: boolean;
  onToggle: (id: string) => void;
  onAssign: (anchor: HTMLElement) => void;
}

export const IssueRow = memo(function IssueRow({ issue, projectName, search, selected, onToggle, onAssign }: IssueRowProps) {
  const level = levelName(issue.level);
  const status = statusName(issue.status);
  const value = issue.type && issue.title.startsWith(`${issue.type}:`) ? issue.title.slice(issue.type.length + 1).trim() : issue.type === issue.title ? "" : issue.title;
  const assigned = issue.assignee ? `Assigned to ${memberName(issue.assignee)}` : "Assign";
  return (
    <div className={styles.row} data-selected={selected} data-quiet={status !== "unresolved"}>
      <span className={styles.levelBar} style={{ background: levelColour(level) }} />
      <Checkbox checked={selected} onChange={() => onToggle(issue.id)} slotProps={{ input: { "aria-label": `Select ${issue.title}` } }} />
      <div className={styles.what}>
        <Link className={styles.title} to={`/issues/${issue.id}${search}`} data-issue={issue.id} title={issue.title}>
          {issue.type && <b>{issue.type}</b>}
          {issue.type && value && <span className={styles.colon}>: </span>}
          <span>{value}</span>
        </Link>
        <div className={styles.where}>
          {level !== "error" && <LevelLabel level={level} />}
          {status !== "unresolved" && <StatusPill status={status} />}
          {issue.culprit && <span className={styles.culprit}>{issue.culprit}</span>}
          <span className={styles.fixed}>{projectName}</span>
          {issue.lastRelease && <span className={styles.release}>{issue.lastRelease}</span>}
        </div>
      </div>
      <div className={styles.spark}>
        <Sparkline counts={issue.sparkline} />
      </div>
      <div className={styles.count} data-unit={issue.count === 1n ? "event" : "events"}>
        <Count value={issue.count} one="event" />
      </div>
      <div className={`${styles.count ?? ""} ${styles.users ?? ""}`} data-unit={issue.users === 1n ? "user" : "users"}>
        <Count value={issue.users} one="user" />
      </div>
      <div className={styles.seen}>
        <RelativeTime time={issue.lastSeen} suffix=" ago" />
        <span className={styles.first}>
          first <RelativeTime time={issue.firstSeen} suffix=" ago" />
        </span>
      </div>
      <button type="button" className={styles.assignee} aria-label={assigned} data-tip={assigned} onClick={(event) => onAssign(event.currentTarget)}>
        <Avatar member={issue.assignee} />
      </button>
    </div>
  );
});

interface IssueTableHeadProps {
  search: IssueSearch;
  setSearch: (change: Partial<IssueSearch>) => void;
  onAll: () => void;
  disabled: boolean;
}

export function IssueTableHead({ search, setSearch, onAll, disabled }: IssueTableHeadProps) {
  const sortable = (name: SortName, text: string, className: string | undefined) => (
    <button type="button" className={className} aria-pressed={search.sort === name} title={`Sort by ${(SORTS.find(([each]) => each === name)?.[1] ?? text).toLowerCase()}`} onClick={() => setSearch({ sort: name })}>
      {text}
      {search.sort === name && <span aria-hidden="true"> ↓</span>}
    </button>
  );
  return (
    <div className={styles.head}>
      <span />
      <Checkbox checked={false} disabled={disabled} onChange={onAll} slotProps={{ input: { "aria-label": "Select all shown" } }} />
      <span>Issue</span>
      <span className={styles.spark}>{search.range === "1h" ? "Last hour" : `Last ${search.range}`}</span>
      {sortable("count", "Events", styles.count)}
      {sortable("users", "Users", `${styles.count ?? ""} ${styles.users ?? ""}`)}
      {sortable(search.sort === "last_seen" ? "first_seen" : "last_seen", search.sort === "first_seen" ? "First seen ↓" : search.sort === "last_seen" ? "Last seen ↓" : "Last seen", styles.seen)}
      <span />
    </div>
  );
}

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
      <div className={styles.seen}>
        <Skeleton height={12} width={56} sx={{ ml: "auto" }} />
      </div>
      <span />
    </div>
  );
}
