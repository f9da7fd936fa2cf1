/** Node as the core sees it. */
import { randomUUID } from 'node:crypto';
import { hostname, release as osRelease, type as osType } from 'node:os';
import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Dsn } from '../core/dsn.js';
import type { Platform, Reply } from '../core/platform.js';
import type { JsonObject } from '../core/wire.js';
import { addSourceLines } from './source.js';

/** An answer later than this counts as none. */
const REQUEST_MS_MAX = 15_000;
/** Smaller bodies are not worth compressing. */
const GZIP_CHARS_MIN = 1_024;
/** Script names remembered: a process has about as many as it has files in its stacks. */
const PLACES_MAX = 1_000;
/** Asking the kernel for memory figures costs more than a capture, so a storm of errors shares them. */
const METRICS_MS_MAX = 1_000;
const MIB = 1_048_576;

const deflate = promisify(gzip);

export function nodePlatform(dsn: Dsn): Platform {
  // Taken before our own breadcrumbs wrap them.
  const send = globalThis.fetch;
  const warn = console.warn.bind(console);
  const machine = { os: `${osType()} ${osRelease()}`, hostname: hostname() };
  const runtime = { name: 'node', version: process.version, arch: process.arch };
  const metrics = meter();
  return {
    name: 'node',
    now: () => Date.now(),
    random: () => Math.random(),
    newId: () => randomUUID().replaceAll('-', ''),
    setTimer(callback, delayMs, hold) {
      const timer = setTimeout(callback, Math.min(delayMs, 2 ** 31 - 1));
      if (hold !== true) timer.unref();
      return () => { clearTimeout(timer); };
    },
    send: (body) => post(send, dsn, body),
    describe(event) {
      event.client = { ...machine, ...event.client };
      const context = (event.context ??= {});
      context.state = { runtime, ...context.state };
    },
    async enrich(event) {
      const context = (event.context ??= {});
      context.metrics = { ...metrics(), ...context.metrics };
      await addSourceLines(event);
    },
    locate: locator(process.cwd()),
    warn(message) {
      warn(`[errata] ${message}`);
    },
  };
}

function meter(): () => JsonObject {
  let figures: JsonObject = {};
  let readAtMs = -Infinity;
  return () => {
    const now = performance.now();
    if (now - readAtMs < METRICS_MS_MAX) return figures;
    readAtMs = now;
    const memory = process.memoryUsage();
    figures = {
      memory_rss_mib: Math.round(memory.rss / MIB),
      memory_heap_used_mib: Math.round(memory.heapUsed / MIB),
      uptime_s: Math.round(process.uptime()),
    };
    return figures;
  };
}

async function post(send: typeof fetch, dsn: Dsn, text: string): Promise<Reply> {
  const headers: Record<string, string> = {
    'Content-Type': 'application/json',
    Authorization: `Bearer ${dsn.publicKey}`,
  };
  let body: string | Uint8Array<ArrayBuffer> = text;
  if (text.length >= GZIP_CHARS_MIN) {
    body = new Uint8Array(await deflate(text));
    headers['Content-Encoding'] = 'gzip';
  }
  const signal = AbortSignal.timeout(REQUEST_MS_MAX);
  const response = await send(dsn.batchUrl, { method: 'POST', headers, body, signal });
  return {
    status: response.status,
    retryAfter: response.headers.get('Retry-After'),
    body: await response.text(),
  };
}

/** Files below the working directory get their path from there, so that machines agree on it. */
function locator(root: string): Platform['locate'] {
  const known = new Map<string, { filename: string; absPath: string }>();
  return (path) => {
    let place = known.get(path);
    if (!place) {
      const absPath = path.startsWith('file://') ? fromUrl(path) : path;
      const inside = absPath.startsWith(root + sep);
      const filename = inside ? relative(root, absPath).replaceAll('\\', '/') : absPath;
      place = { filename, absPath };
      if (known.size < PLACES_MAX) known.set(path, place);
    }
    return place;
  };
}

function fromUrl(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    return url;
  }
}
