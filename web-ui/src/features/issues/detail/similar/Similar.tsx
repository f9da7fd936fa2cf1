// Issues that are much like this one: what is shared, what differs, and the ways to make one
// of them. Nothing is shown where there are none.
import Button from "@mui/material/Button";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { Role } from "@/gen/errata/v1/command_pb";
import type { Issue, SimilarIssue } from "@/gen/errata/v1/issue_pb";
import { useViewer } from "@/shared/api/getViewer";
import { plural } from "@/shared/format/count";
import { Count, RelativeTime } from "@/shared/ui/bits";
import { Coded } from "@/shared/ui/Coded";
import { CopyButton } from "@/shared/ui/CopyButton";
import { EventText } from "@/shared/ui/EventText";
import { ErrorState } from "@/shared/ui/states";
import { scopeSearch, useScope } from "@/shared/url/scope";
import { useSimilarIssues } from "../../api/listSimilarIssues";
import { mergeIssues } from "../../api/merge";
import { Section } from "../Section";
import { COMPARED } from "../why/marks";
import { compared, likeness } from "./similarity";
import styles from "./similar.module.css";

export function Similar({ issue }: { issue: Issue }) {
  const query = useSimilarIssues(issue.id);
  if (query.isError) {
    return (
      <Section title="Similar issues">
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      </Section>
    );
  }
  const found = query.data?.issues ?? [];
  if (found.length === 0) return null;
  return (
    <Section title="Similar issues" note="alike in stack and text">
      <ul className={styles.list} aria-label="Issues much like this one">
        {found.map(
          (similar) =>
            similar.issue && (
              <Row
                key={similar.issue.id}
                issue={issue}
                similar={similar}
                other={similar.issue}
                events={query.data?.events ?? 0}
              />
            ),
        )}
      </ul>
    </Section>
  );
}

interface RowProps {
  issue: Issue;
  similar: SimilarIssue;
  other: Issue;
  /** How many events a rule was tried on. */
  events: number;
}

function Row({ issue, similar, other, events }: RowProps) {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [scope] = useScope();
  const search = scopeSearch(scope);
  const title = other.title || "(no title)";
  const said = compared(similar.shared, similar.differs);
  const merge = () => {
    setBusy(true);
    void mergeIssues(client, [issue, other], () => Promise.resolve()).finally(() => setBusy(false));
  };
  // Events that are no longer kept cannot be compared.
  const apart = said !== "" && `${search === "" ? "?" : `${search}&`}${COMPARED}=${similar.similarEventId}`;
  return (
    <li>
      <div className={styles.head}>
        <div className={styles.text}>
          <Link to={`/issues/${other.id}${search}`}>
            <EventText text={title} />
          </Link>
          <span>
            <b>{likeness(similar.score)}</b>
            {other.culprit && (
              <code>
                <EventText text={other.culprit} />
              </code>
            )}
            <span>
              <Count value={other.count} one="event" /> {other.count === 1n ? "event" : "events"}
            </span>
            {other.users > 0n && (
              <span>
                <Count value={other.users} one="user" /> {other.users === 1n ? "user" : "users"}
              </span>
            )}
            <span>
              last <RelativeTime time={other.lastSeen} suffix=" ago" />
            </span>
          </span>
          {said !== "" && (
            <p>
              <Coded text={said} />
            </p>
          )}
        </div>
        <div className={styles.actions}>
          {apart && (
            <Button
              component={Link}
              variant="text"
              to={`/issues/${issue.id}/events/${similar.eventId}${apart}`}
              preventScrollReset
              aria-label={`Compare with ${title}`}
              data-tip="Shows where the two first differ in what counts"
            >
              Compare
            </Button>
          )}
          <Button
            variant="outlined"
            disabled={busy}
            onClick={merge}
            aria-label={`Merge with ${title}`}
            data-tip="Makes them one issue, for events to come, too"
          >
            Merge
          </Button>
        </div>
      </div>
      {similar.suggestedRule !== "" && (
        <Rule rule={similar.suggestedRule} projectId={issue.projectId} events={events} />
      )}
    </li>
  );
}

/** The rule that would have joined the two. Who may not set it can pass it on. */
function Rule({ rule, projectId, events }: { rule: string; projectId: number; events: number }) {
  const viewer = useViewer();
  const isOwner = viewer.data?.viewer?.role === Role.OWNER;
  return (
    <div className={styles.rule}>
      <span data-tip={`Tried on the ${plural(events, "newest event")} of the project: it moves none of other issues`}>
        A rule that joins such events:
      </span>
      <code>{rule}</code>
      <CopyButton text={rule} what="rule" />
      {isOwner && (
        <Link to={`/projects/${projectId}/settings`} state={{ rule }}>
          Open in the rules&rsquo; editor
        </Link>
      )}
    </div>
  );
}
