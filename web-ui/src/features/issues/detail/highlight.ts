// Just enough syntax to read code faster: strings, numbers, comments and the words
// that most languages share. Splits a line into parts; never interprets it.

export type Token = { text: string; kind: "plain" | "string" | "number" | "comment" | "keyword" };

/** Longer lines (minified code) are shown plain. */
const LINE_MAX = 400;

const KEYWORDS = new Set(
  "and as async await break case catch class const continue def do elif else enum except export extends finally fn for from func function if impl import in interface is lambda let loop match mod mut new not or pass pub raise return self static struct super switch this throw try type use var void where while with yield True False None true false null undefined nil".split(" "),
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
    push(text, comment ? "comment" : string ? "string" : number ? "number" : word && KEYWORDS.has(word) ? "keyword" : "plain");
    at = match.index + text.length;
  }
  push(line.slice(at), "plain");
  return tokens;
}
