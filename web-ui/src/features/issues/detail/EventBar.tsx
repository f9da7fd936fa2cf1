// Which event is shown, and the way to its neighbours. Stays in view.
import IconButton from "@mui/material/IconButton";
import { Link } from "react-router";
import type { ReactNode } from "react";
import type { GetEventResponse } from "@/gen/errata/v1/event_read_pb";
import { RelativeTime } from "@/shared/ui/bits";
import { CopyName } from "@/shared/ui/CutText";
import { Icon, type IconName } from "@/shared/ui/Icon";
import { StandsFor } from "./StandsFor";
import styles from "./detail.module.css";

interface EventBarProps {
  response: GetEventResponse;
  /** The address of an event of the issue; "latest" and "oldest", too. */
  to: (eventId: string) => string;
  latestId: string;
  /** The project's name, which its releases often repeat. */
  project: string;
  children?: ReactNode;
}

export function EventBar({ response, to, latestId, project, children }: EventBarProps) {
  const { summary, newerEventId, olderEventId } = response;
  if (!summary) return null;
  const isLatest = newerEventId === "";
  const behind = isLatest && latestId !== "" && latestId !== summary.id;
  return (
    <div className={styles.eventBar}>
      <Step icon="first" label="Oldest event" to={olderEventId === "" ? null : to("oldest")} />
      <Step icon="chevronLeft" label="Older event" to={olderEventId === "" ? null : to(olderEventId)} />
      <span className={styles.eventFacts}>
        <span>
          Event <code>{summary.id.slice(0, 8)}</code>
        </span>
        <RelativeTime time={summary.timestamp} suffix=" ago" />
        <StandsFor event={summary} />
        {summary.environment && <CopyName what="Environment" text={summary.environment} />}
        {summary.release && <CopyName what="Release" text={summary.release} project={project} />}
      </span>
      <Step icon="chevronRight" label="Newer event" to={isLatest ? null : to(newerEventId)} />
      <Step icon="last" label="Newest event" to={isLatest ? null : to("latest")} />
      {behind && (
        <Link className={styles.newer} to={to(latestId)}>
          A newer event has come
        </Link>
      )}
      {children}
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
