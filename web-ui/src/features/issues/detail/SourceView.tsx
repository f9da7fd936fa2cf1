// The lines of code around a frame's place, the place itself in view.
import { useLayoutEffect, useMemo, useRef } from "react";
import type { FrameDetail } from "@/gen/errata/v1/event_read_pb";
import { exactCount } from "@/shared/format/count";
import { visible } from "@/shared/format/controls";
import { highlight, splitAt } from "./highlight";
import type { Language } from "./languages";
import { type SourceLine, sourceLines } from "./source";
import styles from "./detail.module.css";

export function SourceView({ frame, file, language }: { frame: FrameDetail; file: string; language: Language }) {
  const lines = useMemo(() => sourceLines(frame), [frame]);
  const box = useRef<HTMLPreElement>(null);
  useLayoutEffect(() => {
    const pre = box.current;
    const place = pre?.querySelector<HTMLElement>("[data-column]");
    if (!pre || !place) return;
    // A place beyond the right edge is brought in, with what stands before it.
    if (place.offsetLeft + place.offsetWidth > pre.clientWidth) pre.scrollLeft = place.offsetLeft - pre.clientWidth / 3;
  }, [lines]);
  return (
    <pre ref={box} className={styles.source} tabIndex={0} aria-label={`Source of ${file}`} dir="ltr">
      {lines.map((line) => (
        <Line key={line.number} line={line} language={language} />
      ))}
    </pre>
  );
}

function Line({ line, language }: { line: SourceLine; language: Language }) {
  const tokens = highlight(line.text, language);
  const { tokens: shown, at } = line.column === null ? { tokens, at: -1 } : splitAt(tokens, line.column);
  return (
    <span className={styles.line} data-failing={line.failing}>
      <span className={styles.lineNumber}>{line.number}</span>
      <code>
        <Cut characters={line.before} side="before" />
        {shown.map((token, index) => (
          <span key={index} data-kind={token.kind} {...(index === at ? { "data-column": true } : {})}>
            {visible(token.text)}
          </span>
        ))}
        <Cut characters={line.after} side="after" />
      </code>
    </span>
  );
}

function Cut({ characters, side }: { characters: number; side: string }) {
  if (characters === 0) return null;
  return (
    <span
      className={styles.cut}
      data-tip={`${exactCount(characters)} characters ${side} this are left out; the raw JSON has them.`}
    >
      …
    </span>
  );
}
