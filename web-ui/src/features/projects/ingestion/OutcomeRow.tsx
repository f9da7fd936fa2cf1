// One outcome: a line, and on demand all that is known of it.
import { type ReactNode, useId } from "react";
import { Link } from "react-router";
import { OutcomeKind, type Outcome } from "@/gen/errata/v1/ingest_debug_pb";
import { exactCount, plural } from "@/shared/format/count";
import { size } from "@/shared/format/size";
import { absolute, clock, toDate } from "@/shared/format/time";
import { Pill } from "@/shared/ui/bits";
import { Icon } from "@/shared/ui/Icon";
import { useIssueOf } from "../api/findIssueOf";
import { answerOf, lineOf, sdkOf, took, whatOf, words } from "./outcomes";
import styles from "./ingestion.module.css";

interface OutcomeRowProps {
  outcome: Outcome;
  isOpen: boolean;
  onToggle: () => void;
}

export function OutcomeRow({ outcome, isOpen, onToggle }: OutcomeRowProps) {
  const details = useId();
  const date = outcome.receivedAt && toDate(outcome.receivedAt);
  return (
    <li className={styles.row} data-open={isOpen}>
      <button type="button" aria-expanded={isOpen} aria-controls={details} className={styles.line} onClick={onToggle}>
        <Icon name={isOpen ? "chevronDown" : "chevronRight"} size={12} />
        <time className={styles.time} dateTime={date?.toISOString()} data-tip={date && absolute(date)}>
          {date && clock(date)}
        </time>
        <span className={styles.fate}>
          <Fate kind={outcome.kind} />
        </span>
        <span className={styles.what}>
          <b>{whatOf(outcome)}</b>
          {outcome.reason && <span className={styles.reason}>{words(outcome.reason)}</span>}
          <span className={styles.text}>{lineOf(outcome)}</span>
        </span>
        <span className={styles.sdk}>{sdkOf(outcome) || "–"}</span>
        <span className={styles.status}>{answerOf(outcome)}</span>
        <span
          className={styles.took}
          data-tip={outcome.kind === OutcomeKind.STORED ? "Until it was durable" : "Until its fate"}
        >
          {took(outcome.tookUs)}
        </span>
      </button>
      <div id={details} hidden={!isOpen}>
        {isOpen && <Details outcome={outcome} />}
      </div>
    </li>
  );
}

function Fate({ kind }: { kind: OutcomeKind }) {
  if (kind === OutcomeKind.STORED) return <Pill kind="good">Stored</Pill>;
  return kind === OutcomeKind.REFUSED ? <Pill kind="fail">Refused</Pill> : <Pill kind="quiet">Not kept</Pill>;
}

function Details({ outcome }: { outcome: Outcome }) {
  const bytes = (value: bigint | undefined) => {
    if (value === undefined) return undefined;
    return value < 1000n ? plural(value, "byte") : `${size(value)} (${exactCount(value)} bytes)`;
  };
  const named = [outcome.sdkName, `${outcome.sdkName}/${outcome.sdkVersion}`];
  const isCompressed = outcome.encoding !== "" && outcome.encoding !== "identity";
  return (
    <div className={styles.details}>
      <p>{outcome.explanation}</p>
      {outcome.advice && <p className={styles.advice}>{outcome.advice}</p>}
      <dl>
        <Fact name="Event">{outcome.eventId && <EventLink outcome={outcome} />}</Fact>
        <Fact name="Error">{outcome.message}</Fact>
        <Fact name="Field">{outcome.field && <code>{outcome.field}</code>}</Fact>
        <Fact name="Request">
          <code>
            {outcome.method} {outcome.path}
          </code>
        </Fact>
        <Fact name="Answer">{answerOf(outcome)}</Fact>
        <Fact name="Item">{outcome.itemType && words(outcome.itemType)}</Fact>
        <Fact name="Size">{bytes(outcome.receivedBytes)}</Fact>
        <Fact name="Decompressed">{isCompressed && bytes(outcome.decompressedBytes)}</Fact>
        <Fact name="Encoding">{outcome.encoding}</Fact>
        <Fact name="SDK">{sdkOf(outcome)}</Fact>
        <Fact name="Client">{!named.includes(outcome.client) && outcome.client}</Fact>
        <Fact name={outcome.kind === OutcomeKind.STORED ? "Durable after" : "Fate after"}>{took(outcome.tookUs)}</Fact>
        <Fact name="Key">{outcome.publicKey && <code>{outcome.publicKey}</code>}</Fact>
      </dl>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  if (children === undefined || children === null || children === false || children === "") return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function EventLink({ outcome }: { outcome: Outcome }) {
  const isStored = outcome.kind === OutcomeKind.STORED || outcome.reason === "duplicate";
  const issue = useIssueOf(outcome.projectId, outcome.eventId, isStored);
  return (
    <>
      <code>{outcome.eventId}</code>{" "}
      {issue.data && <Link to={`/issues/${issue.data}/events/${outcome.eventId}`}>Open its issue</Link>}
      {isStored && issue.data === null && <span className={styles.pending}>not in an issue yet</span>}
    </>
  );
}
