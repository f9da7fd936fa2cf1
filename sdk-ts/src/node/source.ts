/**
 * Source lines around each frame, read when an event needs them and never on
 * the caller's path. The cache is bounded in files and in bytes; what cannot be
 * read stays without lines.
 */
import { readFileSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import type { WireEvent, WireFrame } from '../core/wire.js';

/** Lines before and after; the server keeps 5. */
const CONTEXT_LINES = 5;
/** Characters of a line kept. */
const LINE_CHARS_MAX = 200;
/** Larger files are bundles, whose lines tell little. */
const FILE_BYTES_MAX = 2 * 1_024 * 1_024;
const CACHE_FILES_MAX = 100;
const CACHE_BYTES_MAX = 8 * 1_024 * 1_024;
/** Frames of one event that get lines: the application's, newest first. They are most of an event's bytes. */
const FRAMES_MAX = 15;
/** A file that takes longer is left out from then on: a network drive that hangs must not hold events. */
const READ_MS_MAX = 500;

interface Source {
  lines: readonly string[];
  bytes: number;
}

const NOTHING: Source = { lines: [], bytes: 0 };

/** Least recently used first: a Map keeps the order of insertion. */
const cache = new Map<string, Source>();
let cachedBytes = 0;

/** With `atOnce` files are read before it returns, else only when one is missing there is something to wait for. */
export function addSourceLines(event: WireEvent, atOnce: boolean): Promise<void> | undefined {
  const frames = wanted(event);
  const missing = [...new Set(frames.map((frame) => frame.abs_path as string))].filter((path) => !recall(path));
  if (missing.length && !atOnce) {
    return Promise.all(missing.map(load)).then(() => {
      fill(frames);
    });
  }
  for (const path of missing) keep(path, readNow(path));
  fill(frames);
  return undefined;
}

/** `beforeSend` may have made anything of the event, so this expects anything. */
function wanted(event: WireEvent): WireFrame[] {
  try {
    const errors = [event.error, ...(event.error?.causes ?? [])];
    return errors
      .flatMap((error) => [...(error?.frames ?? [])].reverse())
      .filter(
        (frame) => frame.in_app && frame.lineno && typeof frame.abs_path === 'string' && isAbsolute(frame.abs_path),
      )
      .slice(0, FRAMES_MAX);
  } catch {
    return [];
  }
}

function fill(frames: WireFrame[]): void {
  for (const frame of frames) {
    const { lines } = recall(frame.abs_path as string) ?? NOTHING;
    const at = (frame.lineno as number) - 1;
    const line = lines[at];
    if (line === undefined || Object.isFrozen(frame)) continue;
    frame.context_line = window(line, frame.colno ?? 0);
    frame.pre_context = lines.slice(Math.max(0, at - CONTEXT_LINES), at).map(head);
    frame.post_context = lines.slice(at + 1, at + 1 + CONTEXT_LINES).map(head);
  }
}

function recall(path: string): Source | undefined {
  const source = cache.get(path);
  if (source) {
    cache.delete(path);
    cache.set(path, source);
  }
  return source;
}

function keep(path: string, source: Source): void {
  if (cache.has(path)) return;
  cache.set(path, source);
  cachedBytes += source.bytes;
  for (const [oldest, { bytes }] of cache) {
    if (cache.size <= CACHE_FILES_MAX && cachedBytes <= CACHE_BYTES_MAX) return;
    cache.delete(oldest);
    cachedBytes -= bytes;
  }
}

async function load(path: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Source>((resolve) => {
    timer = setTimeout(resolve, READ_MS_MAX, NOTHING);
  });
  keep(path, await Promise.race([read(path).catch(() => NOTHING), late]));
  clearTimeout(timer);
}

async function read(path: string): Promise<Source> {
  const file = await open(path, 'r');
  try {
    const stat = await file.stat();
    // Named pipes and devices may never end.
    if (!stat.isFile() || stat.size > FILE_BYTES_MAX) return NOTHING;
    return sourceOf(await file.readFile('utf8'), stat.size);
  } finally {
    await file.close();
  }
}

function readNow(path: string): Source {
  try {
    const stat = statSync(path);
    return stat.isFile() && stat.size <= FILE_BYTES_MAX ? sourceOf(readFileSync(path, 'utf8'), stat.size) : NOTHING;
  } catch {
    return NOTHING;
  }
}

function sourceOf(text: string, bytes: number): Source {
  return { lines: text.split(/\r?\n/), bytes };
}

function head(line: string): string {
  return line.length > LINE_CHARS_MAX ? line.slice(0, LINE_CHARS_MAX) : line;
}

/** The part of a long line around the column. */
function window(line: string, column: number): string {
  const start = line.length > LINE_CHARS_MAX ? Math.max(0, column - LINE_CHARS_MAX / 2) : 0;
  return head(line.slice(start));
}
