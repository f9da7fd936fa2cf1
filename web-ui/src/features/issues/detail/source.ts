// The lines around the place where a frame was, cut to what can be read: without the
// indentation they share, long ones around the column.
import type { FrameDetail } from "@/gen/errata/v1/event_read_pb";
import type { Language } from "./languages";

export interface SourceLine {
  number: number;
  text: string;
  failing: boolean;
  /** Of the call within `text`, from 0; null: unknown, or another line. */
  column: number | null;
  /** Characters left out on either side. */
  before: number;
  after: number;
}

/** Longer lines are cut: nobody reads 30,000 characters of minified code. */
const LINE_CHARS_MAX = 400;
/** What is kept of a cut line on either side of the column. */
const KEPT_BEFORE = 100;
const KEPT_AFTER = 200;
/** Longer lines are not written by hand. */
const HAND_WRITTEN_MAX = 300;
/** What SDKs put where they have cut a line. */
const SNIP = "{snip}";
const SNIP_MIN = 150;
const SNIPPED = /^'?\{snip\} /;
const SNIP_BEFORE = 60;

const untabbed = (text: string): string => text.replaceAll("\t", "    ");

/** The lines around the failing one. */
export function sourceLines(frame: FrameDetail): SourceLine[] {
  if (frame.contextLine === "" && frame.preContext.length === 0) return [];
  const first = frame.lineno - frame.preContext.length;
  const texts = [...frame.preContext, frame.contextLine, ...frame.postContext].map(untabbed);
  const indents = texts.filter((text) => text.trim() !== "").map((text) => text.length - text.trimStart().length);
  const shared = indents.length === 0 ? 0 : Math.min(...indents);
  return texts.map((text, index) => {
    const failing = index === frame.preContext.length;
    const column = failing ? columnOf(frame, shared) : null;
    return { number: first + index, failing, ...cut(text.slice(shared), column) };
  });
}

/** Where in the shown failing line the call is. */
function columnOf(frame: FrameDetail, shared: number): number | null {
  const { colno, contextLine, contextStart } = frame;
  if (colno === 0) return null;
  // The server cut the line around the column, and put an ellipsis there.
  if (contextStart > 0)
    return colno > contextStart && colno - contextStart < contextLine.length ? colno - contextStart : null;
  const cutBefore = SNIPPED.exec(contextLine)?.[0].length ?? 0;
  // A line that is cut on both sides has so many characters before the column.
  if (cutBefore > 0)
    return contextLine.endsWith(SNIP) && contextLine.length > cutBefore + SNIP_BEFORE
      ? cutBefore + SNIP_BEFORE - 1
      : null;
  if (colno > contextLine.length) return null;
  return Math.max(0, untabbed(contextLine.slice(0, colno - 1)).length - shared);
}

function cut(text: string, column: number | null): Pick<SourceLine, "text" | "column" | "before" | "after"> {
  if (text.length <= LINE_CHARS_MAX) return { text, column, before: 0, after: 0 };
  const from = Math.max(0, (column ?? 0) - KEPT_BEFORE);
  const to = Math.min(text.length, Math.max(column ?? 0, from) + KEPT_AFTER);
  return {
    text: text.slice(from, to),
    column: column === null ? null : column - from,
    before: from,
    after: text.length - to,
  };
}

/** Whether a frame's code is what a bundler made of it. */
export function isMinified(frame: FrameDetail, language: Language): boolean {
  if (language !== "javascript" && language !== "node") return false;
  const line = frame.contextLine;
  if (line === "") return frame.colno > HAND_WRITTEN_MAX || /\.min\.js\b/.test(frame.filename);
  // SDKs cut lines of more than some 150 characters.
  return line.length > HAND_WRITTEN_MAX || (line.includes(SNIP) && (frame.colno === 0 || frame.colno > SNIP_MIN));
}

const baseName = (path: string): string =>
  (path
    .replace(/[?#].*$/, "")
    .split(/[/\\]/)
    .pop() ??
    "") ||
  path;

/** "Minified, no source map for index-3f9a1c.js"; "" where the failing frame can be read. */
export function minifiedNote(frames: readonly FrameDetail[], failing: number, language: Language): string {
  const at = frames[failing];
  if (!at || !isMinified(at, language)) return "";
  const minified = [at, ...frames.toReversed()].filter((frame) => frame.inApp && isMinified(frame, language));
  const files = [...new Set([at, ...minified].map((frame) => baseName(frame.filename || frame.absPath)))].filter(
    Boolean,
  );
  const [first = "this code", second] = files;
  const others = files.length > 2 ? ` and ${files.length - 1} other files` : second ? ` and ${second}` : "";
  return `Minified, no source map for ${first}${others}`;
}
