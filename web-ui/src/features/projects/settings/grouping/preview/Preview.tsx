// What the rules in the editor, or a newer algorithm, would make of all events that are
// there, before anything is saved.
import { Code, ConnectError } from "@connectrpc/connect";
import Button from "@mui/material/Button";
import type { RegroupProgress } from "@/gen/errata/v1/grouping_pb";
import type { GroupingRules } from "@/gen/errata/v1/settings_pb";
import { exactCount } from "@/shared/format/count";
import { sentence } from "@/shared/format/sentence";
import { Failure } from "@/shared/ui/form";
import { type Proposal, usePreview } from "../api/previewRegroup";
import { Apply } from "./Apply";
import { Outcome } from "./Outcome";
import styles from "./preview.module.css";

interface Props {
  projectId: number;
  /** As it stands in the editor. */
  text: string;
  held: GroupingRules;
  /** Of the rules that the editor began with. */
  baseVersion: number;
  isOwner: boolean;
}

export function Preview({ projectId, text, held, baseVersion, isOwner }: Props) {
  const { state, start, cancel } = usePreview(projectId);
  const isRunning = state.kind === "running";
  const newest = Math.max(0, ...held.algorithms);
  return (
    <div className={styles.preview}>
      {newest > held.algorithm && (
        <p className={styles.newer}>
          <span>
            This release groups by version {newest} of the algorithm; the project is on version {held.algorithm} and
            stays there until {isOwner ? "you set" : "an owner sets"} another.
          </span>
          <Button
            variant="outlined"
            size="small"
            disabled={isRunning}
            onClick={() => start({ text: held.text, algorithm: newest })}
          >
            Preview version {newest}
          </Button>
        </p>
      )}
      {isRunning ? (
        <Running progress={state.progress} onCancel={cancel} />
      ) : (
        <div className={styles.bar}>
          <Button variant="outlined" onClick={() => start({ text, algorithm: 0 })}>
            Preview over history
          </Button>
          <span className={styles.note}>Asks them of all events that are there. Nothing is saved, nothing moves.</span>
        </div>
      )}
      {state.kind === "failed" &&
        (isBusy(state.error) ? <Busy error={state.error} /> : <Failure error={state.error} />)}
      {state.kind === "told" && (
        <>
          <Outcome result={state.result} about={about(state.proposal)} isOld={isOld(state.proposal, text)} />
          {isOwner && (
            <Apply
              projectId={projectId}
              proposal={state.proposal}
              result={state.result}
              expectedVersion={baseVersion}
              isOld={isOld(state.proposal, text)}
              onApplied={cancel}
            />
          )}
        </>
      )}
    </div>
  );
}

const about = ({ algorithm }: Proposal): string =>
  algorithm === 0 ? "by these rules" : `by version ${algorithm} of the algorithm`;

/** Whether the editor has other rules than were asked. */
const isOld = (asked: Proposal, text: string): boolean => asked.algorithm === 0 && asked.text !== text;

const isBusy = (error: unknown): error is ConnectError =>
  error instanceof ConnectError && error.code === Code.ResourceExhausted;

/** Another one is under way: the server says whose. */
function Busy({ error }: { error: ConnectError }) {
  return <p role="alert">{sentence(error.rawMessage)} Try again when it has ended.</p>;
}

function Running({ progress, onCancel }: { progress: RegroupProgress | undefined; onCancel: () => void }) {
  const { events = 0n, total = 0n } = progress ?? {};
  return (
    <div className={styles.bar}>
      <progress aria-label="Events looked at" value={Number(events)} max={Math.max(1, Number(total))} />
      <span className={styles.note}>
        {exactCount(events)} of {exactCount(total)} events
      </span>
      <Button variant="text" onClick={onCancel}>
        Cancel
      </Button>
    </div>
  );
}
