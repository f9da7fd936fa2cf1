/**
 * From captured events to acknowledged ones: a bounded queue, batches, one
 * request at a time, retries with back-off. An event leaves by the server's
 * acknowledgement or into one counter (stats.ts), never otherwise. Nothing here
 * throws to the caller. Waits are milliseconds of the platform's clock that
 * never goes back, and a timer that fired is believed.
 */
import { resultCodes } from './answer.js';
import { take, toBody, toWire, type Prepared } from './batch.js';
import { noStats, type DropReason, type Stats } from './stats.js';
import type { Platform, Reply } from './platform.js';
import type { WireEvent } from './wire.js';

/** Events of one request; the server takes 1,000. */
export const BATCH_EVENTS_MAX = 50;
/** Bytes of one request before compression, unless one event is larger. */
export const BATCH_BYTES_MAX = 512 * 1_024;
/** Bytes of one event: the server's limit is 1 MiB. */
const EVENT_BYTES_MAX = 256 * 1_024;
/** Bytes waiting, over all events. */
const QUEUE_BYTES_MAX = 8 * 1_024 * 1_024;
/** How long the first event waits for company. */
const BATCH_WAIT_MS = 1_000;
/** Least time between two requests that are not full: the server allows a key 20 batches a minute by default. */
const BATCH_SPACING_MS = 4_000;
/** Age at which an event is given up: nobody looks for it any more. */
const AGE_MS_MAX = 24 * 3_600_000;
/** Answers of strangers to one event: about four minutes of a login page. */
const UNREADABLE_MAX = 10;
const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_MAX_MS = 60_000;
/** A server's wish to wait is honoured up to here. */
const RETRY_AFTER_MS_MAX = 3_600_000;
/** Codes of results that are worth another try. */
const AGAIN = /^(limited|overloaded|internal|timed_out)$/;
/** How long events are prepared without letting the application run. */
export const SLICE_MS = 8;

interface Entry extends Prepared {
  /** Until it is JSON. */
  event: WireEvent | undefined;
  /** Equal for events of one cause: see `keyOf`. */
  key: string;
  bornMs: number;
  unreadable: number;
  /** Given away while the page was left; it may have arrived. */
  unconfirmed: boolean;
  /** Counted as sent or dropped: a late answer must not bring it back. */
  gone: boolean;
}

export interface Queue {
  /** The account, but for what is held. */
  readonly stats: Stats;
  drop(reason: DropReason, count?: number): void;
  snapshot(): Stats;
  /**
   * Why an event would not be taken now; asked before the work of a capture is
   * done. A full queue makes room for a rare event by giving up a common one.
   */
  refusal(key: string): DropReason | undefined;
  /** Takes an event for which `refusal` was asked, or the promise of one. Returns at once. */
  push(event: WireEvent | Promise<WireEvent | DropReason>, key: string): void;
  /** Sends everything; true when nothing is held any more, false when `timeoutMs` passed before. */
  flush(timeoutMs: number): Promise<boolean>;
  /** Sends what waits now, unless the server named a time: the network or the page came back. */
  hurry(): void;
  /** Takes no more events, flushes, and gives up what is left. */
  close(timeoutMs: number): Promise<boolean>;
  /**
   * Gives a copy of all that waits to `send`, in bodies of at most `bytesMax`, because the
   * page or the process may end now. It stays here as well: who lives on sends it again,
   * and the server knows it by its id. `last`: this is the end, a request under way is lost.
   * Otherwise nothing is given away while the server does not answer.
   */
  handOver(bytesMax: number, send: (body: string) => boolean, last: boolean): void;
}

/** A closure and no class: its names get one letter in the browser bundle, fields do not. */
export function makeQueue(platform: Platform, max: number): Queue {
  const stats = noStats();
  /** Not JSON yet, oldest first. */
  const raw: Entry[] = [];
  /** Prepared, oldest first. */
  const waiting: Entry[] = [];
  let flying: Entry[] = [];
  /** Events held, by their key. */
  const alike = new Map<string, number>();
  /** No key has more events than this. */
  let most = 0;
  let held = 0;
  let heldBytes = 0;
  let preparing = false;
  let closed = false;
  let abandoned = false;
  let failures = 0;
  /** Events of the next request: less after a 413. */
  let batchMax = BATCH_EVENTS_MAX;
  let reachedMs = 0;
  let lastSendMs = -BATCH_SPACING_MS;
  let dueMs = Infinity;
  let blockedUntilMs = 0;
  /** The server named the time; a flush must not shorten it. */
  let blockedByServer = false;
  let cancelTimer = (): void => undefined;
  const idle = new Set<(all: boolean) => void>();
  let warned = '';

  const now = (): number => Math.max(reachedMs, platform.elapsed());

  const drop = (reason: DropReason): void => {
    stats.dropped[reason] = (stats.dropped[reason] ?? 0) + 1;
  };

  /** Lets go of entries, counting them as dropped when there is a reason. */
  const give = (entries: Entry[], reason?: DropReason): void => {
    for (const entry of entries) {
      if (entry.gone) continue;
      entry.gone = true;
      held--;
      heldBytes -= entry.bytes;
      if (entry.unconfirmed) stats.unconfirmed--;
      count(entry.key, -1);
      if (reason) drop(reason);
    }
  };

  /** How many of this key are held, with `more`. */
  const count = (key: string, more: number): number => {
    const sum = (alike.get(key) ?? 0) + more;
    if (sum) alike.set(key, sum);
    else alike.delete(key);
    return sum;
  };

  /** Gives up the newest event of the commonest cause, if that has more than `few`. */
  const evict = (few: number): boolean => {
    if (most <= few) return false;
    let common = '';
    most = 0;
    alike.forEach((sum, key) => {
      if (sum > most) {
        most = sum;
        common = key;
      }
    });
    if (most <= few) return false;
    for (const list of [raw, waiting]) {
      for (let i = list.length; i--; ) {
        if (list[i]?.key === common) {
          give(list.splice(i, 1), 'queue_full');
          return true;
        }
      }
    }
    return false;
  };

  const serialise = (entry: Entry): void => {
    const { json, bytes } = toWire(entry.event as WireEvent, EVENT_BYTES_MAX, platform.bytesOf);
    entry.event = undefined;
    if (!json || bytes > EVENT_BYTES_MAX) {
      give([entry], json ? 'too_large' : 'before_send_failed');
      return;
    }
    entry.json = json;
    heldBytes += entry.bytes = bytes;
    waiting.push(entry);
    // Many small events fill the queue by number, few large ones by bytes.
    while (heldBytes > QUEUE_BYTES_MAX && evict(0));
  };

  /** Makes JSON of what came in, in slices: the application runs between them. */
  const prepare = async (): Promise<void> => {
    if (preparing) return;
    preparing = true;
    // From the first pause on the caller's function has returned.
    for (let sliceEndsMs = 0; ; ) {
      if (platform.elapsed() >= sliceEndsMs) {
        wake();
        await new Promise<void>((resolve) => { platform.setTimer(resolve, 0); });
        sliceEndsMs = platform.elapsed() + SLICE_MS;
      }
      const [entry] = raw;
      if (!entry) break;
      const slow = platform.enrich?.(entry.event as WireEvent);
      if (slow) await slow;
      if (raw[0] === entry) serialise(raw.shift() as Entry);
    }
    preparing = false;
    wake();
  };

  /** Sends now if it is time, else sets the clock. */
  const wake = (): void => {
    if (flying.length) return;
    cancelTimer();
    if (!held) {
      dueMs = Infinity;
      idle.forEach((done) => { done(true); });
      return;
    }
    const full = waiting.length >= batchMax || heldBytes >= BATCH_BYTES_MAX;
    const at = Math.max(full ? 0 : dueMs, blockedUntilMs);
    const wait = at - now();
    if (wait > 0) {
      cancelTimer = platform.setTimer(() => {
        reachedMs = at;
        wake();
      }, wait);
    } else if (waiting.length && (full || !raw.length)) void transmit();
    // Otherwise the end of the preparation wakes us.
  };

  const transmit = async (): Promise<void> => {
    flying = take(waiting, BATCH_BYTES_MAX, batchMax);
    lastSendMs = now();
    let reply: Reply | undefined;
    try {
      reply = await platform.send(toBody(flying), failures);
    } catch {
      // No answer.
    }
    settle(flying, reply);
    flying = [];
    // While somebody waits for a flush the rest goes at once, else it waits for company.
    dueMs = idle.size ? 0 : lastSendMs + BATCH_SPACING_MS;
    wake();
  };

  const settle = (batch: Entry[], reply: Reply | undefined): void => {
    const status = reply?.status ?? 0;
    const codes = reply && status >= 200 && status < 300 ? resultCodes(reply.body, batch.length) : undefined;
    const split = status === 413 && batch.length > 1;
    batchMax = split ? batch.length >> 1 : Math.min(BATCH_EVENTS_MAX, batchMax * 2);
    if (codes) {
      failures = blockedUntilMs = 0;
      const again = batch.filter((entry, i) => {
        const code = codes[i];
        if (AGAIN.test(code as string)) return true;
        if (!code) stats.sent++;
        give([entry], code === 'too_large' ? code : code ? 'rejected' : undefined);
        return false;
      });
      if (again.length) retry(again, 'rate_limited', reply);
    } else if (split) waiting.unshift(...batch);
    else if (status === 413) give(batch, 'too_large');
    else if (status === 408 || !status) retry(batch, 'network', reply);
    else if (status === 429) retry(batch, 'rate_limited', reply);
    else if (status >= 500) retry(batch, 'overloaded', reply);
    else if (status >= 400) {
      warn(`answered ${status}`);
      give(batch, 'refused');
    } else {
      warn(status < 300 ? 'gave no answer of Errata' : `redirects to ${reply?.location ?? 'elsewhere'}, which is not followed`);
      retry(batch, 'unreadable_answer', reply);
    }
  };

  /** Once for each kind of trouble in a row. */
  const warn = (trouble: string): void => {
    if (trouble !== warned) platform.warn(`the server ${(warned = trouble)}; is the DSN right?`);
  };

  const retry = (batch: Entry[], reason: DropReason, reply: Reply | undefined): void => {
    const at = now();
    waiting.unshift(
      ...batch.filter((entry) => {
        if (reason === 'unreadable_answer') entry.unreadable++;
        const kept = !abandoned && entry.unreadable < UNREADABLE_MAX && at - entry.bornMs < AGE_MS_MAX;
        if (!kept) give([entry], abandoned ? 'closed' : reason);
        return kept;
      }),
    );
    const told = Math.min(reply?.retryAfterMs || 0, RETRY_AFTER_MS_MAX);
    // Half fixed, half by chance, so that many clients do not come back together.
    const backoff = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** failures++) * (0.5 + platform.random() / 2);
    blockedUntilMs = at + Math.max(told, backoff);
    blockedByServer = told > 0;
  };

  const hurry = (): void => {
    if (held) dueMs = 0;
    if (!blockedByServer) blockedUntilMs = 0;
    wake();
  };

  const flush = (timeoutMs: number): Promise<boolean> =>
    new Promise((resolve) => {
      const done = (all: boolean): void => {
        cancel();
        idle.delete(done);
        resolve(all);
      };
      const cancel = platform.setTimer(() => { done(false); }, timeoutMs, true);
      idle.add(done);
      hurry();
    });

  return {
    stats,
    drop,
    flush,
    hurry,
    snapshot: () => ({ ...stats, queued: held - stats.unconfirmed, dropped: { ...stats.dropped } }),
    refusal(key) {
      if (closed) return 'closed';
      const full = held >= max || heldBytes >= QUEUE_BYTES_MAX;
      return full && !evict(count(key, 0) + 1) ? 'queue_full' : undefined;
    },
    push(event, key) {
      const bornMs = now();
      const entry: Entry = { event: undefined, json: '', bytes: 0, key, bornMs, unreadable: 0, unconfirmed: false, gone: false };
      most = Math.max(most, count(key, 1));
      held++;
      if (dueMs === Infinity) dueMs = Math.max(bornMs + BATCH_WAIT_MS, lastSendMs + BATCH_SPACING_MS);
      const ready = (final: WireEvent | DropReason): void => {
        if (abandoned || typeof final === 'string') {
          give([entry], abandoned ? 'closed' : (final as DropReason));
          wake();
        } else {
          entry.event = final;
          raw.push(entry);
          void prepare();
        }
      };
      if (event instanceof Promise) void event.then(ready);
      else ready(event);
    },
    async close(timeoutMs) {
      closed = true;
      const done = await flush(timeoutMs);
      if (!done) {
        abandoned = true;
        give([...raw.splice(0), ...waiting.splice(0)], 'closed');
        wake();
      }
      return done;
    },
    handOver(bytesMax, send, last) {
      if (!last && failures) return;
      for (const entry of raw.splice(0)) {
        void platform.enrich?.(entry.event as WireEvent, true);
        serialise(entry);
      }
      const rest = [...(last ? flying : []), ...waiting].filter((entry) => !entry.unconfirmed);
      while (rest.length) {
        const batch = take(rest, bytesMax, BATCH_EVENTS_MAX);
        const body = toBody(batch);
        // One event alone may be too large.
        if (platform.bytesOf(body) > bytesMax || !send(body)) continue;
        for (const entry of batch) {
          entry.unconfirmed = true;
          stats.unconfirmed++;
        }
        dueMs = Math.max(dueMs, now() + BATCH_SPACING_MS);
      }
      wake();
    },
  };
}
