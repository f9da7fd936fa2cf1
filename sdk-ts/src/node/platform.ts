/** Node as the core sees it. */
import { randomUUID } from 'node:crypto';
import { hostname, release as osRelease, type as osType } from 'node:os';
import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Dsn } from '../core/dsn.js';
import type { Platform } from '../core/platform.js';
import { quietly } from '../core/safe.js';
import type { JsonObject } from '../core/wire.js';
import { addSourceLines } from './source.js';
import { transport } from './transport.js';

/** Script names remembered: a process has about as many as it has files in its stacks. */
const PLACES_MAX = 1_000;
/** Asking the kernel for memory figures costs more than a capture, so a storm of errors shares them. */
const METRICS_MS_MAX = 1_000;
const MIB = 1_048_576;

export interface NodePlatform extends Platform {
  readonly dsn: Dsn;
  /** Breaks off the request under way. */
  hangUp: () => void;
}

export function nodePlatform(dsn: Dsn): NodePlatform {
  const { send, hangUp } = transport(dsn);
  // Taken before our own breadcrumbs wrap it.
  const warn = console.warn.bind(console);
  const machine = { os: `${osType()} ${osRelease()}`, hostname: hostname() };
  const runtime = { name: 'node', version: process.version, arch: process.arch };
  const metrics = meter();
  return {
    name: 'node',
    dsn,
    hangUp,
    now: () => Date.now(),
    elapsed: () => performance.now(),
    random: () => Math.random(),
    bytesOf: (text) => Buffer.byteLength(text),
    newId: () => randomUUID().replaceAll('-', ''),
    setTimer(callback, delayMs, hold) {
      const timer = setTimeout(callback, Math.min(delayMs, 2 ** 31 - 1));
      if (hold !== true) timer.unref();
      return () => {
        clearTimeout(timer);
      };
    },
    send,
    describe(event) {
      event.client = { ...machine };
      const context = (event.context ??= {});
      context.state = { runtime, ...context.state };
    },
    enrich(event, atOnce) {
      // `beforeSend` may have made anything of it.
      quietly(() => {
        const context = (event.context ??= {});
        context.metrics = { ...metrics(), ...context.metrics };
      });
      return addSourceLines(event, atOnce === true);
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

/** Files below the working directory get their path from there, so that machines agree on it. */
function locator(root: string): Platform['locate'] {
  const known = new Map<string, { filename: string; abs_path: string }>();
  return (path) => {
    let place = known.get(path);
    if (!place) {
      const absPath = path.startsWith('file://') ? fromUrl(path) : path;
      const inside = absPath.startsWith(root + sep);
      const filename = inside ? relative(root, absPath).replaceAll('\\', '/') : absPath;
      place = { filename, abs_path: absPath };
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
