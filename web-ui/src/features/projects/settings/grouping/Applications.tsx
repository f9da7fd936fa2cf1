// When rules took hold of events that were there, and the way back from the newest.
import Button from "@mui/material/Button";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { GroupingApplication, GroupingRules } from "@/gen/errata/v1/settings_pb";
import { RelativeTime } from "@/shared/ui/bits";
import { Confirm } from "@/shared/ui/form";
import { undoRules, useRegroupings } from "./api/applyRules";
import { useNames } from "./names";
import styles from "./grouping.module.css";

interface Props {
  projectId: number;
  held: GroupingRules;
  isOwner: boolean;
}

export function Applications({ projectId, held, isOwner }: Props) {
  const nameOf = useNames();
  const under = useRegroupings((state) => state.byProject[projectId]);
  const [asking, setAsking] = useState<GroupingApplication>();
  if (held.applications.length === 0 && !under) return null;
  return (
    <section className={styles.applications} aria-label="Applied to events">
      <h3>Applied to events</h3>
      {under && <UnderWay key={under.sinceMs} what={under.what} sinceMs={under.sinceMs} />}
      <ol>
        {held.applications.map((applied, index) => (
          <li key={String(applied.id)}>
            <span>{wordsOf(applied)}</span>
            <span>{nameOf(applied.actor)}</span>
            <RelativeTime time={applied.appliedAt} suffix=" ago" />
            {applied.undoneAt ? (
              <span>
                undone <RelativeTime time={applied.undoneAt} suffix=" ago" />, {nameOf(applied.undoneBy)}
              </span>
            ) : applied.isUndoable && isOwner ? (
              <Button variant="outlined" size="small" disabled={under !== undefined} onClick={() => setAsking(applied)}>
                Undo
              </Button>
            ) : (
              <span>{whyNot(applied, index === 0, isOwner)}</span>
            )}
          </li>
        ))}
      </ol>
      {asking && <AskUndo projectId={projectId} applied={asking} onClose={() => setAsking(undefined)} />}
    </section>
  );
}

const wordsOf = ({ bytes, algorithm }: GroupingApplication): string =>
  `${bytes === 0 ? "No rules" : "Rules"}, algorithm ${algorithm}`;

function whyNot({ isUndoable }: GroupingApplication, isNewest: boolean, isOwner: boolean): string {
  if (!isNewest) return "only the newest can be undone";
  if (isUndoable) return isOwner ? "" : "an owner can undo it";
  return "cannot be undone: other rules were set since, or events since are no longer kept";
}

/** Seconds are counted, for nobody knows how long it takes. */
function UnderWay({ what, sinceMs }: { what: "apply" | "undo"; sinceMs: number }) {
  const [nowMs, setNowMs] = useState(sinceMs);
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.round((nowMs - sinceMs) / 1_000);
  return (
    <div className={styles.underWay}>
      <progress aria-label="Events are grouped anew" />
      <span role="status">{what === "apply" ? "Events are grouped anew." : "Events go back to their issues."}</span>
      <span>{seconds} s. New events are taken in meanwhile, and shown when it is done.</span>
    </div>
  );
}

interface AskProps {
  projectId: number;
  applied: GroupingApplication;
  onClose: () => void;
}

function AskUndo({ projectId, applied, onClose }: AskProps) {
  const client = useQueryClient();
  const [sending, setSending] = useState(false);
  const [error, setError] = useState<unknown>();
  const send = () => {
    setSending(true);
    undoRules(client, projectId, applied.id)
      .then(onClose, setError)
      .finally(() => setSending(false));
  };
  return (
    <Confirm
      title="Undo what the rules did to events?"
      action="Undo"
      gentle
      pending={sending}
      error={error}
      onConfirm={send}
      onClose={onClose}
    >
      <p>
        Issues are what they were before, and the rules of then hold again. Events that came since are grouped by those
        rules. How issues were triaged since stays with those that are still there; merges by hand since are undone.
      </p>
    </Confirm>
  );
}
