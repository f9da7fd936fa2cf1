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

type Place = [path: string, line: number, column: number];

/** `start`: the characters before the frames, `Type: message` in V8, which may look like a frame. */
export function parseStack(stack: string, start: number, locate: Locate): WireFrame[] {
  const frames: WireFrame[] = [];
  for (const line of stack.slice(start, start + STACK_CHARS_MAX).split('\n')) {
    const frame = parseLine(line.trim(), locate);
    if (frame) frames.push(frame);
  }
  if (frames.length > FRAMES_MAX) frames.splice(FRAMES_MAX / 2, frames.length - FRAMES_MAX);
  return frames.reverse();
}

function parseLine(line: string, locate: Locate): WireFrame | false {
  const at = line.indexOf('@');
  if (line.startsWith('at ')) {
    const text = line.slice(3).replace(/^async /, '');
    // The first: names rarely hold brackets, paths do.
    const open = text.endsWith(')') ? text.indexOf(' (') : -1;
    if (open >= 0) return parseCall(text.slice(0, open), text.slice(open + 2, -1), locate);
    const place = parsePlace(text);
    return place[1] > 0 && toFrame('', place, locate);
  }
  if (at >= 0) return parseGecko(line.slice(0, at), line.slice(at + 1), locate);
  // Safari names no function at the top level: only a place, which must have a line number.
  const place = parsePlace(line);
  return place[1] > 0 && /^[a-z][\w+.-]*:\/\//i.test(place[0]) && toFrame('', place, locate);
}

/** V8: `Foo.bar [as baz]`, `new Foo`, and where. */
function parseCall(name: string, where: string, locate: Locate): WireFrame {
  // `eval at f (file:1:2), <anonymous>:3:4`: the script that called eval is the one that has a file.
  const nested = /^eval at .*?\(([^()]+:\d+:\d+)\)/.exec(where);
  return toFrame(name.replace(/ \[as .*/, ''), parsePlace(nested?.[1] ?? where), locate);
}

/** `name@place`, `async*name@place`, `name/inner<@file line 3 > eval:1:1`. */
function parseGecko(name: string, where: string, locate: Locate): WireFrame | false {
  const evaluated = /^(.*?) line (\d+) > (?:eval|Function)/.exec(where);
  const place: Place = evaluated ? [evaluated[1] ?? '', Number(evaluated[2]), 0] : parsePlace(where);
  const cleaned = name.replace(/^.*\*/, '').replace(/\/?<+$/, '');
  return (
    (place[1] > 0 || place[0] === '[native code]') &&
    toFrame(/^(global|eval|module) code$/.test(cleaned) ? '' : cleaned, place, locate)
  );
}

/** `path:line:column` from the right, because paths hold colons. */
function parsePlace(text: string): Place {
  const found = /:(\d+)(?::(\d+))?$/.exec(text);
  return found ? [text.slice(0, found.index), Number(found[1]), Number(found[2] ?? 0)] : [text, 0, 0];
}

function toFrame(name: string, [path, line, column]: Place, locate: Locate): WireFrame {
  const frame: WireFrame = { filename: path, in_app: false };
  if (name && name !== '<anonymous>') frame.function = name.slice(0, FUNCTION_CHARS_MAX);
  if (/[/\\]/.test(path)) {
    const { filename, absPath } = locate(path);
    frame.filename = filename;
    frame.abs_path = absPath;
    // A guess: not a dependency, not the runtime, not a browser's extension.
    frame.in_app = !/^(?:node:|internal\/|[a-z-]+-extension:)|node_modules/.test(path);
  }
  if (line) frame.lineno = line;
  if (column) frame.colno = column;
  return frame;
}
