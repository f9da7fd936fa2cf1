import type { WireEvent } from './wire.js';

export interface Options {
  /** Where errors go: `http(s)://PUBLICKEY@host/PROJECTID`. Absent or empty: the SDK does nothing. */
  dsn?: string | undefined;
  /** The version of the application. */
  release?: string | undefined;
  /** Where it runs; `production` when absent. */
  environment?: string | undefined;
  /** Tags of every event. */
  tags?: Record<string, string> | undefined;
  /** The last word on every event: change it, or answer null to drop it. May be asynchronous, for at most 10 s. */
  beforeSend?: ((event: WireEvent) => WireEvent | null | PromiseLike<WireEvent | null>) | undefined;
  /** Catch what nobody catches; true when absent. */
  globalHandlers?: boolean | undefined;
  /** Record console output as breadcrumbs; true when absent. */
  consoleBreadcrumbs?: boolean | undefined;
  /** Record HTTP requests as breadcrumbs; true when absent. */
  httpBreadcrumbs?: boolean | undefined;
  /** Breadcrumbs kept, 0 to 100; 50 when absent. */
  maxBreadcrumbs?: number | undefined;
  /** Events kept while the server cannot be reached, 1 to 10,000; 100 in a browser and 1,000 in Node when absent. */
  maxQueue?: number | undefined;
}

/** Longest texts the server keeps, in characters. Not one object: constants are inlined. */
export const TYPE_CHARS_MAX = 128;
export const MESSAGE_CHARS_MAX = 8_192;
export const RELEASE_CHARS_MAX = 200;
export const ENVIRONMENT_CHARS_MAX = 64;
export const TAG_CHARS_MAX = 200;

/** A whole number in [low, high]; `fallback` for what is not a number. */
export function within(value: unknown, low: number, high: number, fallback: number): number {
  return typeof value === 'number' && value >= low ? Math.floor(Math.min(value, high)) : fallback;
}
