/**
 * Source lines around each frame, read when an event needs them and never on
 * the caller's path. The cache is bounded in files and in bytes; what cannot be
 * read stays without lines.
 */
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
/** Frames of one event that get lines, newest first. */
const FRAMES_MAX = 50;

interface Source {
  lines: readonly string[];
  bytes: number;
}

const NOTHING: Source = { lines: [], bytes: 0 };

/** Least recently used first: a Map keeps the order of insertion. */
const cache = new Map<string, Promise<Source>>();
let cachedBytes = 0;

export async function addSourceLines(event: WireEvent): Promise<void> {
  const errors = [event.error, ...(event.error?.causes ?? [])];
  const frames = errors.flatMap((error) => (error?.frames ?? []).slice().reverse()).slice(0, FRAMES_MAX);
  await Promise.all(frames.map(addToFrame));
}

async function addToFrame(frame: WireFrame): Promise<void> {
  const { abs_path: path, lineno } = frame;
  if (!path || !lineno || !isAbsolute(path)) return;
  const { lines } = await load(path);
  const line = lines[lineno - 1];
  if (line === undefined) return;
  frame.context_line = window(line, frame.colno ?? 0);
  frame.pre_context = lines.slice(Math.max(0, lineno - 1 - CONTEXT_LINES), lineno - 1).map(head);
  frame.post_context = lines.slice(lineno, lineno + CONTEXT_LINES).map(head);
}

function load(path: string): Promise<Source> {
  const cached = cache.get(path);
  if (cached) {
    cache.delete(path);
    cache.set(path, cached);
    return cached;
  }
  const loading = read(path).catch(() => NOTHING);
  cache.set(path, loading);
  return loading.then((source) => {
    if (cache.get(path) === loading) cachedBytes += source.bytes;
    evict();
    return source;
  });
}

function evict(): void {
  for (const [path, loading] of cache) {
    if (cache.size <= CACHE_FILES_MAX && cachedBytes <= CACHE_BYTES_MAX) return;
    cache.delete(path);
    void loading.then((source) => { cachedBytes -= source.bytes; });
  }
}

async function read(path: string): Promise<Source> {
  const file = await open(path, 'r');
  try {
    const stat = await file.stat();
    // Named pipes and devices may never end.
    if (!stat.isFile() || stat.size > FILE_BYTES_MAX) return NOTHING;
    return { lines: (await file.readFile('utf8')).split(/\r?\n/), bytes: stat.size };
  } finally {
    await file.close();
  }
}

function head(line: string): string {
  return line.length > LINE_CHARS_MAX ? line.slice(0, LINE_CHARS_MAX) : line;
}

/** The part of a long line around the column. */
function window(line: string, column: number): string {
  const start = line.length > LINE_CHARS_MAX ? Math.max(0, column - LINE_CHARS_MAX / 2) : 0;
  return head(line.slice(start));
}
