/**
 * Stack texts into frames, oldest call first. Knows the forms of V8 (Chrome,
 * Node, Deno), SpiderMonkey (Firefox) and JavaScriptCore (Safari). Total: any
 * text gives some list. Lines and columns are 1-based, as all three write them.
 */
import type { WireFrame } from './wire.js';

/** Frames kept, half from each end. V8 gives 10 unless told otherwise; more than this is recursion. */
const FRAMES_MAX = 100;
/** Characters of a stack text looked at. */
export const STACK_CHARS_MAX = 100_000;
/** Characters of a function's name kept. */
const FUNCTION_CHARS_MAX = 250;

export type Locate = (path: string) => { filename: string; abs_path: string };

/** The text is without what V8 puts before the frames, `Type: message`, which may look like one. */
export function parseStack(stack: string, locate: Locate): WireFrame[] {
  const frames: WireFrame[] = [];
  for (const line of stack.split('\n')) {
    const frame = parseLine(line.trim(), locate);
    if (frame) frames.push(frame);
  }
  if (frames.length > FRAMES_MAX) frames.splice(FRAMES_MAX / 2, frames.length - FRAMES_MAX);
  return frames.reverse();
}

function parseLine(line: string, locate: Locate): WireFrame | undefined {
  const at = line.indexOf('@');
  let name = '';
  let where = line;
  // Without a line number most texts are no frame.
  let sure = false;
  if (line.startsWith('at ')) {
    // V8: `Foo.bar [as baz] (place)`, `new Foo (place)`, or a place alone.
    where = line.slice(3).replace(/^async /, '');
    // The first: names rarely hold brackets, paths do.
    const open = where.endsWith(')') ? where.indexOf(' (') : -1;
    sure = open >= 0;
    if (sure) {
      name = where.slice(0, open).replace(/ \[as .*/, '');
      // `eval at f (file:1:2), <anonymous>:3:4`: the script that called eval is the one that has a file.
      where = where.slice(open + 2, -1).replace(/^eval at .*?\(([^()]+:\d+:\d+)\).*/, '$1');
    }
  } else if (at >= 0) {
    // `name@place`, `async*name@place`, `name/inner<@file line 3 > eval:1:1`.
    name = line.slice(0, at).replace(/^.*\*|\/?<+$|^(global|eval|module) code$/g, '');
    where = line.slice(at + 1).replace(/^(.*?) line (\d+) > .*/, '$1:$2');
    sure = where === '[native code]';
    // Safari names no function at the top level: there is only a place.
  } else if (!/^[a-z][\w+.-]*:\/\//i.test(line)) return;
  // From the right, because paths hold colons.
  const found = /:(\d+)(?::(\d+))?$/.exec(where);
  const lineno = Number(found?.[1]);
  if (!lineno && !sure) return;
  const path = where.slice(0, found?.index);
  const isFile = /[/\\]/.test(path);
  // What is undefined is not sent.
  return {
    filename: path,
    ...(isFile && locate(path)),
    function: name && name !== '<anonymous>' ? name.slice(0, FUNCTION_CHARS_MAX) : undefined,
    // A guess: not a dependency, not the runtime, not a browser's extension.
    in_app: isFile && !/^(?:node:|internal\/|[a-z-]+-extension:)|node_modules/.test(path),
    lineno: lineno || undefined,
    colno: Number(found?.[2]) || undefined,
  } as WireFrame;
}
