/** What the core asks of the world. The browser, Node and the tests each hand one in. */
import type { WireEvent } from './wire.js';

export interface Platform {
  /** `platform` of the event. */
  readonly name: string;
  /** Milliseconds since 1970. */
  now(): number;
  /** In [0, 1). */
  random(): number;
  /** 32 hex digits. */
  newId(): string;
  /** Calls back after `delayMs`; answers how to cancel. `hold` keeps a Node process alive for it. */
  setTimer(callback: () => void, delayMs: number, hold?: boolean): () => void;
  /** Sends one batch. Rejects when no answer came; must end by itself (a time-out). */
  send(body: string, attempt: number): Promise<Reply>;
  /** What the platform knows of itself; called in the moment of capture, so cheap. */
  describe(event: WireEvent): void;
  /** What takes longer (source lines); called once, off the caller's path. */
  enrich?(event: WireEvent): Promise<void>;
  /** The names of a script: as the application calls it, and in full. */
  locate(path: string): { filename: string; absPath: string };
  /** A line for the developer. */
  warn(message: string): void;
}

export interface Reply {
  status: number;
  /** The header, when it can be read. */
  retryAfter: string | null;
  body: string;
}
