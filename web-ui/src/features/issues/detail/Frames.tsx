// The frames of one stack: own ones open on the failing line, the others folded by
// package, each written as its language writes it.
import { useMemo, useState } from "react";
import type { FrameDetail } from "@/gen/errata/v1/event_read_pb";
import { Icon } from "@/shared/ui/Icon";
import { JsonView } from "@/shared/ui/JsonView";
import { foldLabel, foldStack, sourceLines } from "./frames";
import { highlight } from "./highlight";
import { fileOf, type Language } from "./languages";
import { frameLine } from "./notation";
import styles from "./detail.module.css";

interface FramesProps {
  frames: FrameDetail[];
  order: "newest" | "oldest";
  all: boolean;
  language: Language;
}

export function Frames({ frames, order, all, language }: FramesProps) {
  const parts = useMemo(() => foldStack(frames, order, all), [frames, order, all]);
  const last = frames.length - 1;
  return (
    <ol className={styles.frames}>
      {parts.map((part) =>
        part.kind === "frame" ? (
          <FrameView key={`f${part.index}`} frame={part.frame} number={last - part.index} failing={part.failing} openAtFirst={part.failing || part.frame.inApp} language={language} />
        ) : (
          <Fold key={`g${part.frames[0]?.index ?? 0}`} part={part} last={last} language={language} />
        ),
      )}
    </ol>
  );
}

interface FoldProps {
  part: Extract<ReturnType<typeof foldStack>[number], { kind: "fold" }>;
  last: number;
  language: Language;
}

function Fold({ part, last, language }: FoldProps) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <li className={styles.fold}>
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          <Icon name={open ? "chevronDown" : "chevronRight"} size={14} />
          {foldLabel(part.packages)}
        </button>
      </li>
      {open && part.frames.map(({ frame, index }) => <FrameView key={index} frame={frame} number={last - index} failing={false} openAtFirst={false} language={language} />)}
    </>
  );
}

interface FrameViewProps {
  frame: FrameDetail;
  /** From the newest call, 0. */
  number: number;
  failing: boolean;
  openAtFirst: boolean;
  language: Language;
}

/** What to say where the server's verdict is not the client's. */
const verdict = (frame: FrameDetail): string | undefined =>
  frame.clientInApp === undefined ? undefined : frame.inApp ? "The SDK called this a library; it lies in the application's own bundle." : "The SDK called this own code; it belongs to a runtime or an installed package.";

function FrameView({ frame, number, failing, openAtFirst, language }: FrameViewProps) {
  const [open, setOpen] = useState(openAtFirst);
  const lines = useMemo(() => sourceLines(frame), [frame]);
  const vars = Object.entries(frame.vars ?? {});
  const hasMore = lines.length > 0 || vars.length > 0;
  const file = fileOf(frame) || frame.module || "<unknown>";
  const corrected = verdict(frame);
  return (
    <li className={styles.frame} data-own={frame.inApp} data-failing={failing}>
      <button type="button" className={styles.frameHead} disabled={!hasMore} aria-expanded={hasMore ? open : undefined} onClick={() => setOpen(!open)} title={frame.absPath || frame.package || file}>
        <span className={styles.frameChevron}>{hasMore && <Icon name={open ? "chevronDown" : "chevronRight"} size={14} />}</span>
        <span className={styles.call}>
          {frameLine(frame, language, number).map((piece, index) => (
            <span key={index} data-kind={piece.kind}>
              {piece.text}
            </span>
          ))}
        </span>
        {(frame.inApp || corrected) && (
          <span className={styles.own} data-tip={corrected}>
            {frame.inApp ? "own code" : "not own code"}
            {corrected && " *"}
          </span>
        )}
      </button>
      {open && lines.length > 0 && (
        <pre className={styles.source} tabIndex={0} aria-label={`Source of ${file}`}>
          {lines.map((line) => (
            <span key={line.number} className={styles.line} data-failing={line.failing}>
              <span className={styles.lineNumber}>{line.number}</span>
              <code>
                {highlight(line.text, language).map((token, index) => (
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
