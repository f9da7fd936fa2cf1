// What a merged issue is made of, and the way to take a part out again.
import Button from "@mui/material/Button";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import type { IssueFingerprint } from "@/gen/errata/v1/issue_pb";
import { exactCount } from "@/shared/format/count";
import { Count, RelativeTime } from "@/shared/ui/bits";
import { EventText } from "@/shared/ui/EventText";
import { takeOut } from "../api/merge";
import { Section } from "./Section";
import styles from "./merged.module.css";

/** Parts that are shown unasked, and how many more each time. */
const SHOWN = 8;
const MORE = 100;

export function Merged({ issueId, parts }: { issueId: string; parts: readonly IssueFingerprint[] }) {
  const [shown, setShown] = useState(SHOWN);
  const left = parts.length - shown;
  return (
    <Section title="Merged from" note={`${exactCount(parts.length)} fingerprints`}>
      <ul className={styles.parts} aria-label="What the issue is made of">
        {parts.slice(0, shown).map((part) => (
          <Part key={part.fingerprint} issueId={issueId} part={part} />
        ))}
      </ul>
      {left > 0 && (
        <Button variant="text" onClick={() => setShown(shown + MORE)}>
          Show {Math.min(MORE, left)} more of {exactCount(left)}
        </Button>
      )}
    </Section>
  );
}

function Part({ issueId, part }: { issueId: string; part: IssueFingerprint }) {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  return (
    <li>
      <div className={styles.text}>
        <Link to={`/issues/${issueId}/events/${part.sampleEventId}`}>
          <EventText text={part.title || "(no title)"} />
        </Link>
        <span>
          {part.culprit && (
            <code>
              <EventText text={part.culprit} />
            </code>
          )}
          <span>
            <Count value={part.count} one="event" /> {part.count === 1n ? "event" : "events"}
          </span>
          <span>
            last <RelativeTime time={part.lastSeen} suffix=" ago" />
          </span>
          <code>{part.fingerprint.slice(0, 8)}</code>
        </span>
      </div>
      <Button
        variant="text"
        disabled={busy}
        aria-label={`Take out ${part.title || part.fingerprint.slice(0, 8)}`}
        data-tip="Makes it an issue of its own again, for events to come, too"
        onClick={() => {
          setBusy(true);
          void takeOut(client, issueId, part).finally(() => setBusy(false));
        }}
      >
        Take out
      </Button>
    </li>
  );
}
