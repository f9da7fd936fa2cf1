// The exception chain and its stacks: newest first, own frames open on the failing
// line, the others folded by package.
import Button from "@mui/material/Button";
import { useMemo, useState } from "react";
import type { Frame } from "@/gen/errata/v1/event_pb";
import type { EventDetail, ExceptionDetail } from "@/gen/errata/v1/event_read_pb";
import { Pill, Segments } from "@/shared/ui/bits";
import { CopyButton } from "@/shared/ui/CopyButton";
import { Icon } from "@/shared/ui/Icon";
import { JsonView } from "@/shared/ui/JsonView";
import { foldLabel, foldStack, sourceLines, stackText } from "./frames";
import { highlight } from "./highlight";
import { Section } from "./Section";
import styles from "./detail.module.css";

type View = "relevant" | "all" | "text";
const views: readonly (readonly [View, string])[] = [
  ["relevant", "Own code"],
  ["all", "All frames"],
  ["text", "Text"],
];

interface Shown {
  key: string;
  type: string;
  value: string;
  exception: ExceptionDetail | null;
  frames: Frame[];
}

/** What there is to show, newest first: the exceptions, else the threads' stacks, else the message. */
function shownOf(detail: EventDetail): Shown[] {
  if (detail.exceptions.length > 0) {
    return detail.exceptions
      .map((exception, index) => ({ key: `e${index}`, type: exception.type || "Error", value: exception.value, exception, frames: exception.frames }))
      .toReversed();
  }
  const threads = detail.threads.filter((thread) => thread.frames.length > 0);
  if (threads.length > 0) {
    return threads.map((thread, index) => ({ key: `t${index}`, type: detail.message ? "" : thread.name || `Thread ${thread.id}`, value: detail.message, exception: null, frames: thread.frames }));
  }
  return detail.message ? [{ key: "m", type: "", value: detail.message, exception: null, frames: [] }] : [];
}

/** Whether an exception is one of those a group (ExceptionGroup, AggregateError) holds. */
function isGrouped(exception: ExceptionDetail | null, all: readonly ExceptionDetail[]): boolean {
  const parent = exception?.mechanism?.parentId;
  return parent !== undefined && all.some((each) => each.mechanism?.exceptionId === parent && isGroup(each, all));
}

// Some SDKs mark every exception with a cause as a group: only several members, or its name, tell.
function isGroup({ type, mechanism }: ExceptionDetail, all: readonly ExceptionDetail[]): boolean {
  if (mechanism?.isExceptionGroup !== true) return false;
  return /(?:ExceptionGroup|AggregateError)$/.test(type) || all.filter((each) => each.mechanism?.parentId === mechanism.exceptionId).length > 1;
}

function headingOf({ exceptions, message }: EventDetail): string {
  if (exceptions.length === 0) return message ? "Message" : "Stack";
  if (exceptions.length === 1) return "Exception";
  const others = exceptions.length - 1;
  const what = exceptions.some((each) => isGroup(each, exceptions)) ? "other" : "cause";
  return `Exception and ${others} ${what}${others === 1 ? "" : "s"}`;
}

export function Stack({ detail, platform }: { detail: EventDetail; platform: string }) {
  const [view, setView] = useState<View>("relevant");
  const [newestFirst, setNewestFirst] = useState(true);
  const shown = useMemo(() => shownOf(detail), [detail]);
  const hasFrames = shown.some((each) => each.frames.length > 0);
  return (
    <Section
      title={headingOf(detail)}
      actions={
        hasFrames && (
          <>
            <Segments label="Frames" value={view} options={views} onChange={setView} />
            <Button variant="text" onClick={() => setNewestFirst(!newestFirst)}>
              {newestFirst ? "Newest call first" : "Oldest call first"}
            </Button>
          </>
        )
      }
    >
      {shown.length === 0 && <p className={styles.none}>This event has neither exception nor message.</p>}
      {shown.map((each, index) => (
        <Exception key={each.key} shown={each} relation={index === 0 || !each.exception ? null : isGrouped(each.exception, detail.exceptions) ? "in the group" : "caused by"} view={view} order={newestFirst ? "newest" : "oldest"} platform={platform} />
      ))}
    </Section>
  );
}

interface ExceptionProps {
  shown: Shown;
  /** How it hangs together with the exception above; null: it stands for itself. */
  relation: "caused by" | "in the group" | null;
  view: View;
  order: "newest" | "oldest";
  platform: string;
}

function Exception({ shown, relation, view, order, platform }: ExceptionProps) {
  const isCause = relation !== null;
  const [open, setOpen] = useState(!isCause);
  const { exception, frames } = shown;
  const title = [shown.type, shown.value].filter(Boolean).join(": ");
  return (
    <article className={styles.exception}>
      <header className={styles.exceptionHead}>
        {isCause && (
          <button type="button" className={styles.causeToggle} aria-expanded={open} onClick={() => setOpen(!open)}>
            <Icon name={open ? "chevronDown" : "chevronRight"} size={14} />
            {relation}
          </button>
        )}
        {shown.type && <h3>{shown.type}</h3>}
        {exception?.mechanism?.handled === false && <Pill kind="fail">unhandled</Pill>}
        {exception?.mechanism?.handled === true && !isCause && <Pill kind="quiet">handled</Pill>}
        {exception?.mechanism?.type && exception.mechanism.type !== "generic" && <span className={styles.mechanism}>{exception.mechanism.type}</span>}
        {exception?.module && <span className={styles.mechanism}>{exception.module}</span>}
        {!shown.type && <p className={styles.value}>{shown.value}</p>}
        <span className={styles.grow} />
        <CopyButton text={stackText(title, frames)} what={frames.length > 0 ? "stack as text" : "message"} />
      </header>
      {shown.type && shown.value && <p className={styles.value}>{shown.value}</p>}
      {open && frames.length > 0 && (view === "text" ? <pre className={styles.stackText} tabIndex={0}>{stackText(title, frames)}</pre> : <Frames frames={frames} order={order} all={view === "all"} platform={platform} />)}
    </article>
  );
}

export function Frames({ frames, order, all, platform }: { frames: Frame[]; order: "newest" | "oldest"; all: boolean; platform: string }) {
  const parts = useMemo(() => foldStack(frames, order, all), [frames, order, all]);
  return (
    <ol className={styles.frames}>
      {parts.map((part) =>
        part.kind === "frame" ? (
          <FrameView key={`f${part.index}`} frame={part.frame} failing={part.failing} openAtFirst={part.failing || part.frame.inApp === true} platform={platform} />
        ) : (
          <Fold key={`g${part.frames[0]?.index ?? 0}`} part={part} platform={platform} />
        ),
      )}
    </ol>
  );
}

function Fold({ part, platform }: { part: Extract<ReturnType<typeof foldStack>[number], { kind: "fold" }>; platform: string }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <li className={styles.fold}>
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          <Icon name={open ? "chevronDown" : "chevronRight"} size={14} />
          {foldLabel(part.packages)}
        </button>
      </li>
      {open && part.frames.map(({ frame, index }) => <FrameView key={index} frame={frame} failing={false} openAtFirst={false} platform={platform} />)}
    </>
  );
}

interface FrameViewProps {
  frame: Frame;
  failing: boolean;
  openAtFirst: boolean;
  platform: string;
}

function FrameView({ frame, failing, openAtFirst, platform }: FrameViewProps) {
  const [open, setOpen] = useState(openAtFirst);
  const lines = useMemo(() => sourceLines(frame), [frame]);
  const vars = Object.entries(frame.vars ?? {});
  const hasMore = lines.length > 0 || vars.length > 0;
  const file = frame.filename || frame.absPath || frame.module || "<unknown>";
  return (
    <li className={styles.frame} data-own={frame.inApp === true} data-failing={failing}>
      <button type="button" className={styles.frameHead} disabled={!hasMore} aria-expanded={hasMore ? open : undefined} onClick={() => setOpen(!open)} title={frame.absPath || file}>
        <span className={styles.frameChevron}>{hasMore && <Icon name={open ? "chevronDown" : "chevronRight"} size={14} />}</span>
        <span className={styles.function}>{frame.function || "<anonymous>"}</span>
        <span className={styles.in}>in</span>
        <span className={styles.file}>
          {file}
          {frame.lineno > 0 && <b>:{frame.lineno}{frame.colno > 0 && `:${frame.colno}`}</b>}
        </span>
        {frame.inApp === true && <span className={styles.own}>own code</span>}
      </button>
      {open && lines.length > 0 && (
        <pre className={styles.source} tabIndex={0} aria-label={`Source of ${file}`}>
          {lines.map((line) => (
            <span key={line.number} className={styles.line} data-failing={line.failing}>
              <span className={styles.lineNumber}>{line.number}</span>
              <code>
                {highlight(line.text, platform).map((token, index) => (
                  <span key={index} data-kind={token.kind}>
                    {token.text}
                  </span>
                ))}
              </code>
            </span>
          ))}
        </pre>
      )}
      {open && vars.length > 0 && <Vars vars={vars} openAtFirst={failing} />}
    </li>
  );
}

function Vars({ vars, openAtFirst }: { vars: [string, unknown][]; openAtFirst: boolean }) {
  const [open, setOpen] = useState(openAtFirst);
  return (
    <div className={styles.vars}>
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name={open ? "chevronDown" : "chevronRight"} size={12} />
        {vars.length} {vars.length === 1 ? "variable" : "variables"}
      </button>
      {open && (
        <dl>
          {vars.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <JsonView value={value} />
              </dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}
