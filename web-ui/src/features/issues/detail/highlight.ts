// Just enough syntax to read code faster: strings, numbers, comments and the words
// that most languages share. Splits a line into parts; never interprets it.

import { isRightToLeft } from "@/shared/format/controls";

export type Token = { text: string; kind: "plain" | "string" | "number" | "comment" | "keyword" };

/** Longer lines (minified code) are shown plain. */
const LINE_MAX = 400;

const KEYWORDS = new Set(
  (
    "and as async await break case catch class const continue def do elif else enum except export extends " +
    "finally fn for from func function if impl import in interface is lambda let loop match mod mut new " +
    "not or pass pub raise return self static struct super switch this throw try type use var void where " +
    "while with yield True False None true false null undefined nil"
  ).split(" "),
);
// "#" begins a comment in some languages, "//" in the others.
const REST = /("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`)|\b(\d[\d_.]*(?:e[+-]?\d+)?)\b|([A-Za-z_$][\w$]*)/;
const WITH_HASH = new RegExp(`(#.*$)|${REST.source}`, "g");
const WITH_SLASHES = new RegExp(`(\\/\\/.*$)|${REST.source}`, "g");

export function highlight(line: string, language: string): Token[] {
  if (line.length > LINE_MAX) return [{ text: line, kind: "plain" }];
  const pattern = /python|ruby|shell|elixir|perl/.test(language) ? WITH_HASH : WITH_SLASHES;
  const tokens: Token[] = [];
  let at = 0;
  const push = (text: string, kind: Token["kind"]) => {
    if (text === "") return;
    const last = tokens.at(-1);
    if (last?.kind === kind) last.text += text;
    else tokens.push({ text, kind });
  };
  for (const match of line.matchAll(pattern)) {
    const [text, comment, string, number, word] = match;
    push(line.slice(at, match.index), "plain");
    push(
      text,
      comment ? "comment" : string ? "string" : number ? "number" : word && KEYWORDS.has(word) ? "keyword" : "plain",
    );
    at = match.index + text.length;
  }
  push(line.slice(at), "plain");
  return isRightToLeft(line) ? tokens.flatMap(words) : tokens;
}

/**
 * Words and what stands between them, each a token: in a line that holds words written
 * from the right, every token keeps its place only if it stands alone.
 */
const words = (token: Token): Token[] =>
  (token.text.match(/[\p{L}\p{M}\p{N}_]+|\s+|[^\p{L}\p{M}\p{N}_\s]/gu) ?? []).map((text) => ({
    text,
    kind: token.kind,
  }));

/** The tokens with the word at `column` as one of its own, and which that is; -1: none. */
export function splitAt(tokens: readonly Token[], column: number): { tokens: Token[]; at: number } {
  const found: Token[] = [];
  let from = 0;
  let at = -1;
  for (const token of tokens) {
    const inside = column - from;
    if (inside < 0 || inside >= token.text.length) {
      found.push(token);
    } else {
      const length = /^[\p{L}\p{M}\p{N}_$]+/u.exec(token.text.slice(inside))?.[0].length ?? 1;
      const pieces = [
        token.text.slice(0, inside),
        token.text.slice(inside, inside + length),
        token.text.slice(inside + length),
      ];
      for (const [index, text] of pieces.entries()) {
        if (text === "") continue;
        if (index === 1) at = found.length;
        found.push({ text, kind: token.kind });
      }
    }
    from += token.text.length;
  }
  return { tokens: found, at };
}
