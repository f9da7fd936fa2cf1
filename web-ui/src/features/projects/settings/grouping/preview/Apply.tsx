// What was previewed, done: the rules take hold of all events that are there. It is not asked about, for it can be
// undone.
import { Code, ConnectError } from "@connectrpc/connect";
import Button from "@mui/material/Button";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { RegroupEnd, type RegroupPreview } from "@/gen/errata/v1/grouping_pb";
import { failureOf } from "@/shared/format/failure";
import { Failure } from "@/shared/ui/form";
import { projectKeys } from "../../../keys";
import { applyRules, useRegroupings } from "../api/applyRules";
import type { Proposal } from "../api/previewRegroup";
import styles from "./preview.module.css";

interface Props {
  projectId: number;
  proposal: Proposal;
  result: RegroupPreview;
  /** Of the rules that the editor began with. */
  expectedVersion: number;
  /** Whether the editor has other rules by now. */
  isOld: boolean;
  /** What was previewed is what is by then. */
  onApplied: () => void;
}

export function Apply({ projectId, proposal, result, expectedVersion, isOld, onApplied }: Props) {
  const client = useQueryClient();
  const isUnderWay = useRegroupings((state) => state.byProject[projectId] !== undefined);
  const [sending, setSending] = useState(false);
  const [error, setError] = useState<unknown>();
  const isPart = result.end === RegroupEnd.EVENTS || result.end === RegroupEnd.TIME;
  const send = () => {
    setSending(true);
    setError(undefined);
    applyRules(client, projectId, { ...proposal, expectedVersion })
      .then(onApplied, async (cause: unknown) => {
        setError(cause);
        // The editor tells of rules that were set meanwhile, once it knows them.
        if (isConflict(cause)) await client.invalidateQueries({ queryKey: projectKeys.groupingRules(projectId) });
      })
      .finally(() => setSending(false));
  };
  return (
    <div className={styles.apply}>
      <div className={styles.bar}>
        <Button variant="outlined" disabled={isOld || isUnderWay || sending} onClick={send}>
          Apply to all events
        </Button>
        {isOld && <span className={styles.note}>Preview what the editor has now, to apply it.</span>}
        {!isOld && isPart && <span className={styles.note}>Also to those that were not looked at.</span>}
      </div>
      {!isOld && (
        <p className={styles.note}>
          Saves the rules, and groups all events by them that are kept. An issue keeps its id, status and assignee; of
          several that come together the oldest does, and links to the others lead to it. Nobody is alerted. It can be
          undone while no other rules are set.
        </p>
      )}
      {error !== undefined && <Failure error={isConflict(error) ? meanwhile(error) : error} />}
    </div>
  );
}

const isConflict = (error: unknown): error is ConnectError =>
  error instanceof ConnectError && error.code === Code.AlreadyExists;

/** Told plainly: nothing of anybody's work is overwritten. */
const meanwhile = (error: ConnectError): ConnectError =>
  new ConnectError(
    `somebody set other rules meanwhile: ${failureOf(error).reason}. Nothing was applied; look at those first`,
    error.code,
  );
