// A text field over the same text in colours: the browser's own field, so that keys,
// undo and screen readers are as everywhere. Of ten thousand lines those in view are drawn.
import { type CSSProperties, useMemo, useRef, useState } from "react";
import type { CheckRulesResponse, RuleFault } from "@/gen/errata/v1/grouping_pb";
import { Coded } from "@/shared/ui/Coded";
import { highlighted, offsetOf, piecesOf } from "./highlight";
import styles from "./grouping.module.css";

interface Props {
  text: string;
  onChange: (text: string) => void;
  told: (Pick<CheckRulesResponse, "tokens" | "faults"> & { text: string }) | undefined;
  disabled: boolean;
}

const PLACEHOLDER = "# What is one issue?\nerror.type:DatabaseDown tags.region:eu* -> database-down";

/** Longest list of what is wrong; the next are told once these are mended. */
const FAULTS_SHOWN = 8;
/** Pixels, as in grouping.module.css. */
const LINE_PX = 19;
/** Drawn above what is in view, and in all: a field drawn larger by its corner has more. */
const AROUND = 20;
const DRAWN = 120;

export function Editor({ text, onChange, told, disabled }: Props) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [scrolled, setScrolled] = useState({ left: 0, top: 0 });
  const lines = useMemo(() => text.split("\n"), [text]);
  const pieces = useMemo(() => piecesOf(told), [told]);
  const faults = told?.text === text ? told.faults : [];
  const wrong = new Set(faults.map((fault) => fault.line));
  const first = Math.max(0, Math.floor(scrolled.top / LINE_PX) - AROUND);
  const drawn = lines.slice(first, first + DRAWN);
  const down = first * LINE_PX - scrolled.top;
  const go = (line: number, column: number) => {
    const at = offsetOf(lines, line, column);
    const element = field.current;
    if (!element) return;
    element.focus();
    element.setSelectionRange(at, at);
    // A browser shows the caret of what is typed, not of what is set.
    element.scrollTop = Math.max(0, (line - 1) * LINE_PX - element.clientHeight / 2);
  };
  return (
    <>
      <div className={styles.editor} style={{ "--digits": String(lines.length).length } as CSSProperties}>
        <div className={styles.numbers} aria-hidden>
          <div style={{ transform: `translateY(${down}px)` }}>
            {drawn.map((_, index) => (
              // A line has no name but its number.
              <span key={first + index} data-wrong={wrong.has(first + index + 1)}>
                {first + index + 1}
              </span>
            ))}
          </div>
        </div>
        <pre aria-hidden>
          <div style={{ transform: `translate(${-scrolled.left}px, ${down}px)` }}>
            {drawn.map((line, index) => (
              <span key={first + index} className={styles.line} data-wrong={wrong.has(first + index + 1)}>
                {highlighted(line, first + index, pieces).map((run, at) => (
                  <span key={at} data-kind={run.kind}>
                    {run.text}
                  </span>
                ))}
                {"\n"}
              </span>
            ))}
          </div>
        </pre>
        <textarea
          ref={field}
          aria-label="Rules of grouping"
          aria-invalid={faults.length > 0}
          rows={Math.min(24, Math.max(6, lines.length + 1))}
          spellCheck={false}
          wrap="off"
          placeholder={PLACEHOLDER}
          value={text}
          readOnly={disabled}
          onChange={(event) => onChange(event.target.value)}
          onScroll={({ currentTarget: { scrollLeft, scrollTop } }) => setScrolled({ left: scrollLeft, top: scrollTop })}
        />
      </div>
      {faults.length > 0 && (
        <ul className={styles.faults} aria-label="What cannot be read">
          {faults.slice(0, FAULTS_SHOWN).map((fault) => (
            <li key={`${fault.line} ${fault.column} ${fault.message}`}>
              <button type="button" onClick={() => go(fault.line, fault.column)}>
                line {fault.line}, column {fault.column}
              </button>
              <Words of={fault} />
            </li>
          ))}
          {faults.length > FAULTS_SHOWN && <li>and {faults.length - FAULTS_SHOWN} more</li>}
        </ul>
      )}
    </>
  );
}

/** What is wrong. */
function Words({ of: { message, suggestion } }: { of: RuleFault }) {
  return (
    <span>
      <Coded text={message} />.
      {suggestion !== "" && (
        <>
          {" "}
          Did you mean <code>{suggestion}</code>?
        </>
      )}
    </span>
  );
}
