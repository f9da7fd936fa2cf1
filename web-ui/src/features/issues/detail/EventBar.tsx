// Which event is shown, and the way to its neighbours. Stays in view.
import IconButton from "@mui/material/IconButton";
import { Link } from "react-router";
import type { GetEventResponse } from "@/gen/errata/v1/event_read_pb";
import { LevelLabel, RelativeTime } from "@/shared/ui/bits";
import { levelName } from "@/shared/format/issue";
import { CopyButton } from "@/shared/ui/CopyButton";
import { Icon, type IconName } from "@/shared/ui/Icon";
import styles from "./detail.module.css";

interface EventBarProps {
  issueId: string;
  response: GetEventResponse;
  /** The scope, to keep it in the links. */
  search: string;
  latestId: string;
}

export function EventBar({ issueId, response, search, latestId }: EventBarProps) {
  const { summary, newerEventId, olderEventId } = response;
  if (!summary) return null;
  const to = (event: string) => (event === "latest" ? `/issues/${issueId}${search}` : `/issues/${issueId}/events/${event}${search}`);
  const isLatest = newerEventId === "";
  const behind = isLatest && latestId !== "" && latestId !== summary.id;
  return (
    <div className={styles.eventBar}>
      <span className={styles.eventId}>
        Event <code>{summary.id.slice(0, 8)}</code>
        <CopyButton text={summary.id} what="event id" />
      </span>
      <span className={styles.eventFacts}>
        <LevelLabel level={levelName(summary.level)} />
        <RelativeTime time={summary.timestamp} suffix=" ago" />
        {summary.environment && <span>{summary.environment}</span>}
        {summary.release && <span className={styles.eventRelease}>{summary.release}</span>}
      </span>
      <span className={styles.grow} />
      {behind && (
        <Link className={styles.newer} to={to(latestId)}>
          A newer event has come
        </Link>
      )}
      <Step icon="first" label="Oldest event" to={olderEventId === "" ? null : to("oldest")} />
      <Step icon="chevronLeft" label="Older event" to={olderEventId === "" ? null : to(olderEventId)} />
      <Step icon="chevronRight" label="Newer event" to={isLatest ? null : to(newerEventId)} />
      <Step icon="last" label="Newest event" to={isLatest ? null : to("latest")} />
    </div>
  );
}

function Step({ icon, label, to }: { icon: IconName; label: string; to: string | null }) {
  if (to === null) {
    return (
      <IconButton size="small" disabled aria-label={label}>
        <Icon name={icon} />
      </IconButton>
    );
  }
  return (
    <IconButton size="small" aria-label={label} data-tip={label} component={Link} to={to} preventScrollReset>
      <Icon name={icon} />
    </IconButton>
  );
}
