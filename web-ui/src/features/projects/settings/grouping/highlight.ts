// From the server's pieces of lines to what is shown: the parser itself says what a piece
// is, so that nothing is lit that it would not read so.
import { RuleTokenKind } from "@/gen/errata/v1/grouping_pb";

interface Token {
  line: number;
  column: number;
  length: number;
  kind: RuleTokenKind;
}

/** A run of one colour; `kind` is empty between pieces. */
export interface Run {
  text: string;
  kind: string;
}

/** What was told of a text, by its lines. */
export interface Pieces {
  lines: readonly string[];
  byLine: ReadonlyMap<number, readonly Token[]>;
}

const KINDS: Partial<Record<RuleTokenKind, string>> = {
  [RuleTokenKind.COMMENT]: "comment",
  [RuleTokenKind.MATCHER]: "matcher",
  [RuleTokenKind.PATTERN]: "pattern",
  [RuleTokenKind.SIGN]: "sign",
  [RuleTokenKind.ACTION]: "action",
  [RuleTokenKind.TEXT]: "text",
  [RuleTokenKind.VARIABLE]: "variable",
};

export function piecesOf(told: { text: string; tokens: readonly Token[] } | undefined): Pieces {
  const byLine = new Map<number, Token[]>();
  for (const token of told?.tokens ?? []) {
    const line = byLine.get(token.line);
    if (line) line.push(token);
    else byLine.set(token.line, [token]);
  }
  return { lines: told?.text.split("\n") ?? [], byLine };
}

/** One line's runs; `index` counts from 0. A line that was not told of, or has changed since, is plain. */
export function highlighted(line: string, index: number, told: Pieces): Run[] {
  if (line === "") return [];
  if (line !== told.lines[index]) return [{ text: line, kind: "" }];
  return runs(line, told.byLine.get(index + 1) ?? []);
}

function runs(line: string, tokens: readonly Token[]): Run[] {
  // Columns are characters, not halves of them.
  const characters = Array.from(line);
  const made: Run[] = [];
  const add = (from: number, to: number, kind: string) => {
    if (to > from) made.push({ text: characters.slice(from, to).join(""), kind });
  };
  let at = 0;
  for (const token of tokens) {
    const start = token.column - 1;
    add(at, start, "");
    at = start + token.length;
    add(start, at, KINDS[token.kind] ?? "");
  }
  add(at, characters.length, "");
  return made;
}

/** Where a place given as line and column stands in a text, in units of a text field. */
export function offsetOf(lines: readonly string[], line: number, column: number): number {
  const before = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  const characters = Array.from(lines[line - 1] ?? "").slice(0, column - 1);
  return before + characters.join("").length;
}
