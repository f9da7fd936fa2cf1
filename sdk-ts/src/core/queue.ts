/**
 * From captured events to acknowledged ones: a bounded queue, batches, one
 * request at a time, retries with back-off. Every event handed in ends in
 * exactly one counter (stats.ts). Nothing here throws to the caller; times are
 * milliseconds of the platform's clock.
 */
import { utf8Bytes } from './safe.js';
import type { Counters, DropReason } from './stats.js';
import type { Platform, Reply } from './platform.js';
import type { WireEvent } from './wire.js';

/** Events of one request; the server takes 1,000. */
export const BATCH_EVENTS_MAX = 50;
/** Bytes of one request before compression, unless one event is larger. */
const BATCH_BYTES_MAX = 512 * 1_024;
/** Bytes of one event: the server's limit is 1 MiB. */
const EVENT_BYTES_MAX = 256 * 1_024;
/** Bytes waiting, over all events. */
const QUEUE_BYTES_MAX = 8 * 1_024 * 1_024;
/** How long the first event waits for company. */
const BATCH_WAIT_MS = 1_000;
/** Least time between two requests that are not full: the server allows a key 20 batches a minute by default. */
const BATCH_SPACING_MS = 4_000;
/** Tries of one event; with the back-off below about four minutes. */
const ATTEMPTS_MAX = 10;
const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_MAX_MS = 60_000;
/** A server's wish to wait is honoured up to here. */
const RETRY_AFTER_MAX_MS = 3_600_000;
/** Source lines are worth this long a wait, not longer. */
const ENRICH_MS_MAX = 500;

interface Entry {
  event: WireEvent;
  /** Null until prepared. */
  json: string | null;
  bytes: number;
  attempts: number;
  /** Counted as sent or dropped: a late preparation must not bring it back. */
  gone: boolean;
}

export class Queue {
  readonly #platform: Platform;
  readonly #counters: Counters;
  readonly #max: number;
  /** Waiting, oldest first; some not prepared yet. */
  #waiting: Entry[] = [];
  /** Halves of a batch that was too large: sent as they are. */
  #halves: Entry[][] = [];
  /** Of those waiting, how many are not prepared. */
  #preparing = 0;
  #held = 0;
  #heldBytes = 0;
  #sending = false;
  #closed = false;
  #abandoned = false;
  #failures = 0;
  #lastSendMs = -Infinity;
  #dueMs = Infinity;
  #blockedUntilMs = 0;
  /** The server named the time; a flush must not shorten it. */
  #blockedByServer = false;
  #cancelTimer: (() => void) | undefined;
  #idle = new Set<(all: boolean) => void>();
  #warned = false;

  constructor(platform: Platform, counters: Counters, max: number) {
    this.#platform = platform;
    this.#counters = counters;
    this.#max = max;
  }

  /** Events waiting or on their way. */
  get held(): number {
    return this.#held;
  }

  /** Why an event would not be taken now; asked before the work of a capture is done. */
  get refusal(): DropReason | undefined {
    if (this.#closed) return 'closed';
    return this.#held >= this.#max || this.#heldBytes >= QUEUE_BYTES_MAX ? 'queue_full' : undefined;
  }

  /** Takes an event for which `refusal` was asked. Returns at once. */
  push(event: WireEvent): void {
    const entry: Entry = { event, json: null, bytes: 0, attempts: 0, gone: false };
    this.#held++;
    this.#waiting.push(entry);
    if (this.#dueMs === Infinity) {
      const now = this.#platform.now();
      this.#dueMs = Math.max(now + BATCH_WAIT_MS, this.#lastSendMs + BATCH_SPACING_MS);
    }
    void this.#prepare(entry);
  }

  /** Sends everything; true when nothing is held any more, false when `timeoutMs` passed before. */
  flush(timeoutMs: number): Promise<boolean> {
    if (this.#held === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const done = (all: boolean): void => {
        cancel();
        this.#idle.delete(done);
        resolve(all);
      };
      const cancel = this.#platform.setTimer(() => { done(false); }, timeoutMs, true);
      this.#idle.add(done);
      this.#dueMs = 0;
      if (!this.#blockedByServer) this.#blockedUntilMs = 0;
      this.#wake();
    });
  }

  /** No more events; what is held stays countable until it is sent or `abandon`ed. */
  close(): void {
    this.#closed = true;
  }

  /** Gives up what is still held. */
  abandon(): void {
    this.#abandoned = true;
    this.#drop(this.#waiting.splice(0), 'closed');
    for (const half of this.#halves.splice(0)) this.#drop(half, 'closed');
    this.#wake();
  }

  /**
   * Gives all that waits to `send`, in bodies of at most `bytesMax`, for a page
   * that goes away. What `send` refuses stays in the queue.
   */
  handOver(bytesMax: number, send: (body: string) => boolean): void {
    this.#waiting.unshift(...this.#halves.splice(0).flat());
    const left: Entry[] = [];
    while (this.#waiting.length) {
      for (const entry of this.#waiting.slice(0, BATCH_EVENTS_MAX)) this.#serialise(entry);
      const batch = this.#take(bytesMax);
      if (!batch.length) continue; // what could not be serialised is gone already
      if (bodyBytes(batch) <= bytesMax && send(toBody(batch))) {
        this.#counters.unconfirmed += batch.length;
        this.#release(batch);
      } else left.push(...batch);
    }
    this.#waiting = left;
    this.#wake();
  }

  async #prepare(entry: Entry): Promise<void> {
    this.#preparing++;
    // From here on the caller's function has returned.
    await Promise.resolve();
    try {
      const enriching = this.#platform.enrich?.(entry.event);
      if (enriching) await this.#within(enriching, ENRICH_MS_MAX);
    } catch {
      // An event without source lines is still an event.
    }
    this.#serialise(entry);
    this.#preparing--;
    this.#wake();
  }

  #within(work: Promise<void>, ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#platform.setTimer(resolve, ms, true);
      work.then(resolve, reject).finally(cancel);
    });
  }

  #serialise(entry: Entry): void {
    if (entry.json !== null || entry.gone) return;
    try {
      entry.json = JSON.stringify(entry.event);
      entry.bytes = utf8Bytes(entry.json);
      if (entry.bytes > EVENT_BYTES_MAX) {
        entry.json = JSON.stringify(trimmed(entry.event));
        entry.bytes = utf8Bytes(entry.json);
      }
    } catch {
      this.#remove(entry, 'internal');
      return;
    }
    this.#heldBytes += entry.bytes;
    if (entry.bytes > EVENT_BYTES_MAX) this.#remove(entry, 'too_large');
  }

  /** Sends now if it is time, else sets the clock. */
  #wake(): void {
    if (this.#sending) return;
    const now = this.#platform.now();
    const ready = this.#waiting.length - this.#preparing;
    const full = ready >= BATCH_EVENTS_MAX || this.#heldBytes >= BATCH_BYTES_MAX;
    const at = Math.max(full || this.#halves.length ? 0 : this.#dueMs, this.#blockedUntilMs);
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#held === 0) {
      this.#dueMs = Infinity;
      for (const done of this.#idle) done(true);
    } else if (at > now) {
      if (at < Infinity) this.#cancelTimer = this.#platform.setTimer(() => { this.#wake(); }, at - now);
    } else if (this.#preparing === 0 || full || this.#halves.length) {
      // Otherwise the end of the preparation wakes us.
      const batch = this.#halves.shift() ?? this.#take(BATCH_BYTES_MAX);
      if (batch.length) void this.#send(batch);
    }
  }

  /** The oldest prepared entries that fit, at least one. */
  #take(bytesMax: number): Entry[] {
    const batch: Entry[] = [];
    const rest: Entry[] = [];
    let bytes = ENVELOPE_BYTES;
    for (const entry of this.#waiting) {
      const fits = batch.length === 0 || bytes + entry.bytes + 1 <= bytesMax;
      if (entry.json !== null && fits && batch.length < BATCH_EVENTS_MAX) {
        batch.push(entry);
        bytes += entry.bytes + 1;
      } else rest.push(entry);
    }
    this.#waiting = rest;
    return batch;
  }

  async #send(batch: Entry[]): Promise<void> {
    this.#sending = true;
    this.#lastSendMs = this.#platform.now();
    let attempt = 0;
    for (const entry of batch) attempt = Math.max(attempt, entry.attempts++);
    let reply: Reply | undefined;
    try {
      reply = await this.#platform.send(toBody(batch), attempt);
    } catch {
      reply = undefined;
    }
    try {
      this.#settle(batch, reply);
    } catch {
      this.#drop(batch, 'internal');
    }
    this.#sending = false;
    // While somebody waits for a flush the rest goes at once, else it waits for company.
    if (this.#idle.size) this.#dueMs = 0;
    else this.#dueMs = this.#lastSendMs + BATCH_SPACING_MS;
    this.#wake();
  }

  #settle(batch: Entry[], reply: Reply | undefined): void {
    const status = reply?.status ?? 0;
    if (reply && status >= 200 && status < 300) {
      this.#failures = 0;
      this.#blockedUntilMs = 0;
      this.#accepted(batch, reply);
    } else if (status === 413) {
      if (batch.length === 1) this.#drop(batch, 'too_large');
      else {
        const middle = batch.length >> 1;
        // A smaller body is a new request, not another try of the old one.
        for (const entry of batch) entry.attempts--;
        this.#halves.unshift(batch.slice(0, middle), batch.slice(middle));
      }
    } else if (status === 0 || status === 408 || status === 429 || status >= 500) {
      const reason = status === 429 ? 'rate_limited' : status >= 500 ? 'overloaded' : 'network';
      this.#retry(batch, reason, reply?.retryAfter ?? null);
    } else {
      this.#drop(batch, 'refused');
      if (!this.#warned) this.#platform.warn(`the server answered ${status}; is the DSN right?`);
      this.#warned = true;
    }
  }

  /** Each item of a batch has its own answer, in the order of the batch. */
  #accepted(batch: Entry[], reply: Reply): void {
    const codes = resultCodes(reply.body);
    const again: Entry[] = [];
    const done: Entry[] = [];
    batch.forEach((entry, i) => {
      const code = codes[i];
      if (code === 'limited' || code === 'overloaded') again.push(entry);
      else done.push(entry);
      if (code === undefined) this.#counters.sent++;
      else if (code === 'too_large') this.#counters.drop('too_large');
      else if (code !== 'limited' && code !== 'overloaded') this.#counters.drop('rejected');
    });
    this.#release(done);
    if (again.length) this.#retry(again, 'rate_limited', reply.retryAfter);
  }

  #retry(batch: Entry[], reason: DropReason, retryAfter: string | null): void {
    if (this.#abandoned) {
      this.#drop(batch, 'closed');
      return;
    }
    const spent = batch.filter((entry) => entry.attempts >= ATTEMPTS_MAX);
    this.#drop(spent, reason);
    this.#waiting.unshift(...batch.filter((entry) => entry.attempts < ATTEMPTS_MAX));
    const now = this.#platform.now();
    const told = parseRetryAfter(retryAfter, now);
    // Half fixed, half by chance, so that many clients do not come back together.
    const backoff = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(this.#failures++, 16));
    const wait = told ?? backoff * (0.5 + this.#platform.random() / 2);
    this.#blockedUntilMs = now + wait;
    this.#blockedByServer = told !== undefined;
  }

  #remove(entry: Entry, reason: DropReason): void {
    this.#waiting = this.#waiting.filter((other) => other !== entry);
    this.#drop([entry], reason);
  }

  #drop(entries: Entry[], reason: DropReason): void {
    this.#counters.drop(reason, entries.length);
    this.#release(entries);
  }

  #release(entries: Entry[]): void {
    this.#held -= entries.length;
    for (const entry of entries) {
      this.#heldBytes -= entry.bytes;
      entry.gone = true;
    }
  }
}

const ENVELOPE_BYTES = '{"errors":[]}'.length;

function toBody(batch: Entry[]): string {
  return `{"errors":[${batch.map((entry) => entry.json ?? '').join(',')}]}`;
}

function bodyBytes(batch: Entry[]): number {
  return batch.reduce((sum, entry) => sum + entry.bytes + 1, ENVELOPE_BYTES);
}

/** The event without what makes events large: most of the breadcrumbs, extras, state. */
function trimmed(event: WireEvent): WireEvent {
  const { extra: _extra, context, ...rest } = event;
  return { ...rest, context: { breadcrumbs: context?.breadcrumbs?.slice(-10) ?? [] } };
}

/** The error code of each result, undefined for a stored one. An unreadable 2xx means all are stored. */
function resultCodes(body: string): (string | undefined)[] {
  try {
    const { results } = JSON.parse(body) as { results?: { error?: { code?: string } }[] };
    return (results ?? []).map((result) => (result.error ? (result.error.code ?? 'invalid') : undefined));
  } catch {
    return [];
  }
}

/** Seconds or an HTTP date, as milliseconds from now. */
function parseRetryAfter(value: string | null, nowMs: number): number | undefined {
  if (value === null || value.trim() === '') return undefined;
  const seconds = Number(value);
  const ms = Number.isNaN(seconds) ? Date.parse(value) - nowMs : seconds * 1_000;
  return ms >= 0 ? Math.min(ms, RETRY_AFTER_MAX_MS) : undefined;
}
