/**
 * Stack texts into frames, oldest call first. Knows the forms of V8 (Chrome,
 * Node, Deno), SpiderMonkey (Firefox) and JavaScriptCore (Safari). Total: any
 * text gives some list. Lines and columns are 1-based, as all three write them.
 */
import type { WireFrame } from './wire.js';

/** Frames kept, half from each end. V8 gives 10 unless told otherwise; more than this is recursion. */
const FRAMES_MAX = 100;
/** Characters of a stack text looked at. */
const STACK_CHARS_MAX = 100_000;
/** Characters of a function's name kept. */
const FUNCTION_CHARS_MAX = 250;

export type Locate = (path: string) => { filename: string; absPath: string };

interface Place {
  path: string;
  line: number;
  column: number;
}

/** `header` is `Type: message`, which V8 repeats before the frames and which may look like a frame. */
export function parseStack(stack: string, header: string, locate: Locate): WireFrame[] {
  const start = header && stack.startsWith(header) ? header.length : 0;
  const lines = stack.slice(start, start + STACK_CHARS_MAX).split('\n');
  const frames: WireFrame[] = [];
  for (const line of lines) {
    const frame = parseLine(line, locate);
    if (frame) frames.push(frame);
  }
  if (frames.length > FRAMES_MAX) frames.splice(FRAMES_MAX / 2, frames.length - FRAMES_MAX);
  return frames.reverse();
}

function parseLine(text: string, locate: Locate): WireFrame | null {
  const line = text.trim();
  if (line.startsWith('at ')) return parseV8(line.slice(3), locate);
  const at = line.indexOf('@');
  if (at >= 0) return parseGecko(line.slice(0, at), line.slice(at + 1), locate);
  // Safari names no function at the top level: only a place, which must have a line number.
  const place = parsePlace(line);
  return place.line > 0 && /^[a-z][\w+.-]*:\/\//i.test(place.path) ? toFrame('', place, locate) : null;
}

/** `async Foo.bar [as baz] (place)`, `new Foo (place)`, `place`. */
function parseV8(text: string, locate: Locate): WireFrame | null {
  const rest = text.startsWith('async ') ? text.slice(6) : text;
  if (!rest.endsWith(')')) {
    const place = parsePlace(rest);
    return place.line > 0 ? toFrame('', place, locate) : null;
  }
  const open = openingOf(rest);
  if (open < 0) return null;
  const alias = rest.indexOf(' [as ');
  const name = rest.slice(0, alias > 0 && alias < open ? alias : open).trim();
  const inner = rest.slice(open + 1, -1);
  // `eval at f (file:1:2), <anonymous>:3:4`: the script that called eval is the one that has a file.
  const nested = inner.startsWith('eval at ') ? /\(([^()]+:\d+:\d+)\)/.exec(inner)?.[1] : undefined;
  return toFrame(name, parsePlace(nested ?? inner), locate);
}

/** Where the bracket opens that the last character closes: paths and names may hold brackets too. */
function openingOf(text: string): number {
  let depth = 0;
  for (let i = text.length - 1; i >= 0; i--) {
    if (text[i] === ')') depth++;
    else if (text[i] === '(' && --depth === 0) return i;
  }
  return -1;
}

/** `name@place`, `async*name@place`, `name/inner<@file line 3 > eval:1:1`. */
function parseGecko(name: string, where: string, locate: Locate): WireFrame | null {
  const evaluated = /^(.*?) line (\d+) > (?:eval|Function)/.exec(where);
  const place = evaluated
    ? { path: evaluated[1] ?? '', line: Number(evaluated[2]), column: 0 }
    : parsePlace(where);
  if (place.line === 0 && place.path !== '[native code]') return null;
  const cleaned = name.replace(/^.*\*/, '').replace(/\/?<+$/, '');
  return toFrame(/^(global|eval|module) code$/.test(cleaned) ? '' : cleaned, place, locate);
}

/** `path:line:column` from the right, because paths hold colons. */
function parsePlace(text: string): Place {
  const [head, last] = cutNumber(text);
  const [path, first] = cutNumber(head);
  return first ? { path, line: first, column: last } : { path: head, line: last, column: 0 };
}

/** What is before the last colon and the number after it; 0 when there is none. */
function cutNumber(text: string): [string, number] {
  const colon = text.lastIndexOf(':');
  const number = colon < 0 ? 0 : Number(text.slice(colon + 1));
  return number > 0 ? [text.slice(0, colon), number] : [text, 0];
}

function toFrame(name: string, place: Place, locate: Locate): WireFrame {
  const frame: WireFrame = {};
  if (name && name !== '<anonymous>') frame.function = name.slice(0, FUNCTION_CHARS_MAX);
  if (isScript(place.path)) {
    const { filename, absPath } = locate(place.path);
    frame.filename = filename;
    frame.abs_path = absPath;
  } else {
    frame.filename = place.path;
  }
  if (place.line) frame.lineno = place.line;
  if (place.column) frame.colno = place.column;
  frame.in_app = isInApp(place.path);
  return frame;
}

function isScript(path: string): boolean {
  return path.includes('/') || path.includes('\\');
}

/** A guess: not a dependency, not the runtime, not a browser's extension. */
function isInApp(path: string): boolean {
  return (
    isScript(path) &&
    !/^(?:node:|internal\/|[a-z-]+-extension:)/.test(path) &&
    !path.includes('node_modules')
  );
}
