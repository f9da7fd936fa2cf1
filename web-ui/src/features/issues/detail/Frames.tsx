// The frames of one stack: own ones open on the failing line, the others folded by
// package, each written as its language writes it.
import { useContext, useMemo, useState } from "react";
import type { FrameDetail } from "@/gen/errata/v1/event_read_pb";
import { visible } from "@/shared/format/controls";
import { EventText } from "@/shared/ui/EventText";
import { Icon } from "@/shared/ui/Icon";
import { JsonView } from "@/shared/ui/JsonView";
import { failingIndex, foldLabel, foldStack, type Order, type Placed, repeatLabel, type StackPart } from "./frames";
import { fileOf, type Language } from "./languages";
import { frameLine } from "./notation";
import { minifiedNote } from "./source";
import { SourceView } from "./SourceView";
import { type Mark, MarksOfStack } from "./why/marks";
import styles from "./detail.module.css";

interface FramesProps {
  frames: FrameDetail[];
  looks: Looks;
  /** Own frames whose code is open at first; unset: a few. */
  openMax?: number | undefined;
}

/** How stacks are written. */
interface Looks {
  order: Order;
  all: boolean;
  language: Language;
}

export function Frames({ frames, looks, openMax }: FramesProps) {
  const { order, all, language } = looks;
  const note = useMemo(() => minifiedNote(frames, failingIndex(frames), language), [frames, language]);
  // What cannot be read is not worth a screen: only the place itself is opened.
  const opened = note === "" ? openMax : 1;
  const parts = useMemo(
    () => foldStack(frames, { order, all, ...(opened === undefined ? {} : { openMax: opened }) }),
    [frames, order, all, opened],
  );
  return (
    <>
      {note !== "" && (
        <p className={styles.minified}>
          <Icon name="warning" size={14} /> <EventText text={note} />
        </p>
      )}
      <ol className={styles.frames}>
        <Parts parts={parts} last={frames.length - 1} language={language} />
      </ol>
    </>
  );
}

interface PartsProps {
  parts: readonly StackPart[];
  /** The index of the newest call. */
  last: number;
  language: Language;
}

function Parts({ parts, last, language }: PartsProps) {
  return parts.map((part) => {
    switch (part.kind) {
      case "frame":
        return (
          <FrameView
            key={`f${part.index}`}
            frame={part.frame}
            index={part.index}
            number={last - part.index}
            failing={part.failing}
            openAtFirst={part.open}
            language={language}
          />
        );
      case "fold":
        return (
          <Fold
            key={`g${part.frames[0]?.index ?? 0}`}
            text={foldLabel(part.packages)}
            frames={part.frames}
            last={last}
            language={language}
          />
        );
      case "repeat":
        return (
          <Fold
            key={`r${part.frames[0]?.index ?? 0}`}
            text={repeatLabel(part.names, part.times)}
            frames={part.frames}
            last={last}
            language={language}
          />
        );
      case "rest":
        return <Rest key={`m${part.count}`} part={part} last={last} language={language} />;
    }
  });
}

interface FoldProps {
  text: string;
  frames: readonly Placed[];
  last: number;
  language: Language;
}

function Fold({ text, frames, last, language }: FoldProps) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <li className={styles.fold}>
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          <Icon name={open ? "chevronDown" : "chevronRight"} size={14} />
          <EventText text={text} />
        </button>
      </li>
      {open &&
        frames.map(({ frame, index }) => (
          <FrameView
            key={index}
            frame={frame}
            index={index}
            number={last - index}
            failing={false}
            openAtFirst={false}
            language={language}
          />
        ))}
    </>
  );
}

function Rest({
  part,
  last,
  language,
}: {
  part: Extract<StackPart, { kind: "rest" }>;
  last: number;
  language: Language;
}) {
  const [open, setOpen] = useState(false);
  if (open) return <Parts parts={part.parts} last={last} language={language} />;
  return (
    <li className={styles.fold}>
      <button type="button" onClick={() => setOpen(true)}>
        <Icon name="plus" size={14} />
        Show {part.count} more
      </button>
    </li>
  );
}

interface FrameViewProps {
  frame: FrameDetail;
  /** From the oldest call, 0. */
  index: number;
  /** From the newest call, 0. */
  number: number;
  failing: boolean;
  openAtFirst: boolean;
  language: Language;
}

/** What to say where the server's verdict is not the client's. */
const verdict = (frame: FrameDetail): string | undefined =>
  frame.clientInApp === undefined
    ? undefined
    : frame.inApp
      ? "The SDK called this a library; it lies in the application's own bundle."
      : "The SDK called this own code; it belongs to a runtime or an installed package.";

function FrameView({ frame, index, number, failing, openAtFirst, language }: FrameViewProps) {
  const [open, setOpen] = useState(openAtFirst);
  const hasLines = frame.contextLine !== "" || frame.preContext.length > 0;
  const vars = Object.entries(frame.vars ?? {});
  const hasMore = hasLines || vars.length > 0;
  const file = visible(fileOf(frame) || frame.module || "<unknown>");
  const corrected = verdict(frame);
  const mark = useContext(MarksOfStack)?.get(index);
  const Head = hasMore ? "button" : "div";
  return (
    <li className={styles.frame} data-own={frame.inApp} data-failing={failing} data-counts={mark?.counts}>
      <Head
        {...(hasMore ? { type: "button" as const, "aria-expanded": open, onClick: () => setOpen(!open) } : {})}
        className={styles.frameHead}
        title={visible(frame.absPath || frame.package || file)}
      >
        <span className={styles.frameChevron}>
          {hasMore && <Icon name={open ? "chevronDown" : "chevronRight"} size={14} />}
        </span>
        <span className={styles.call}>
          {frameLine(frame, language, number).map((piece, index) => (
            <span key={index} data-kind={piece.kind}>
              {visible(piece.text)}
            </span>
          ))}
        </span>
        {(!frame.inApp || corrected) && (
          <span className={styles.own} data-tip={corrected}>
            {frame.inApp ? "own code" : "library"}
            {corrected && " *"}
          </span>
        )}
        {mark && <Counts mark={mark} />}
      </Head>
      {open && hasLines && <SourceView frame={frame} file={file} language={language} />}
      {open && vars.length > 0 && <Vars vars={vars} openAtFirst={failing} />}
    </li>
  );
}

/** Whether the frame counts for the event's issue, while somebody asks why. */
function Counts({ mark }: { mark: Mark }) {
  return (
    <span className={styles.counts} data-counts={mark.counts} data-tip={mark.why || undefined}>
      <Icon name={mark.counts ? "check" : "close"} size={12} />
      <span>{mark.counts ? "counts" : "does not count"}</span>
    </span>
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
              <dt>
                <EventText text={name} />
              </dt>
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
