/** What the core asks of the world. The browser, Node and the tests each hand one in. */
import type { Locate } from './stack.js';
import type { WireEvent } from './wire.js';

export interface Platform {
  /** `platform` of the event. */
  readonly name: string;
  /** Milliseconds since 1970, for what people read; anybody may set this clock. */
  now(): number;
  /** Milliseconds since some moment, never backwards, for everything that waits. */
  elapsed: () => number;
  /** In [0, 1). */
  random(): number;
  /** Of the text in UTF-8. */
  bytesOf: (text: string) => number;
  /** 32 hex digits. */
  newId(): string;
  /** Calls back after `delayMs`; answers how to cancel. `hold` keeps a Node process alive for it. */
  setTimer(callback: () => void, delayMs: number, hold?: boolean): () => void;
  /**
   * Sends one batch, after `failures` others in a row. Rejects when no answer came; must
   * end by itself (a time-out), follow no redirect, and read `ANSWER_BYTES_MAX` at most.
   */
  send: (body: string, failures: number) => Promise<Reply>;
  /** What the platform knows of itself; called in the moment of capture, so cheap. */
  describe(event: WireEvent): void;
  /**
   * What takes longer (source lines); called once, off the caller's path. Must end by itself,
   * and neither throw nor reject. With `atOnce` it is done when this returns: the process is about to end.
   */
  enrich?(event: WireEvent, atOnce?: boolean): Promise<void> | undefined;
  /** The names of a script: as the application calls it, and in full. */
  locate: Locate;
  /** A line for the developer. */
  warn(message: string): void;
}

/** Bytes of an answer that are read: those to a full batch are some 20 KiB. */
export const ANSWER_BYTES_MAX = 65_536;

export interface Reply {
  status: number;
  /** The wait of the header, when it can be read. */
  retryAfterMs?: number | undefined;
  /** Where a redirect led, when that can be read. */
  location?: string | undefined;
  body: string;
}
