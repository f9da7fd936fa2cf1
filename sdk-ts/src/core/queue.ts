/**
 * From captured events to acknowledged ones: the effects. What is held and what goes is
 * decided in backlog.ts, when it goes in schedule.ts; here are the timers, the slices, the
 * one request at a time. An event leaves by the server's acknowledgement or into one
 * counter (stats.ts), never otherwise. Nothing here throws to the caller. Waits are
 * milliseconds of the platform's clock that never goes back, and a timer that fired is
 * believed.
 */
import { AGAIN, resultCodes, troubleOf } from './answer.js';
import { makeBacklog, type Entry } from './backlog.js';
import { discardedSince, toBody, toWire } from './batch.js';
import type { Platform, Reply } from './platform.js';
import { BATCH_EVENTS_MAX, came, failed, hurry, makeSchedule, resize, sendAtMs, space } from './schedule.js';
import type { DropReason, Stats } from './stats.js';
import type { WireEvent } from './wire.js';

/** Bytes of one request before compression, unless one event is larger. */
export const BATCH_BYTES_MAX = 512 * 1_024;
/** Bytes of one event: the server's limit is 1 MiB. */
const EVENT_BYTES_MAX = 256 * 1_024;
/** Age at which an event is given up: nobody looks for it any more. */
const AGE_MS_MAX = 24 * 3_600_000;
/** Answers of strangers to one event: about four minutes of a login page. */
const UNREADABLE_MAX = 10;
/** How long events are prepared without letting the application run. */
export const SLICE_MS = 8;

export interface Queue {
  /** The account. */
  readonly stats: Stats;
  drop: (reason: DropReason) => void;
  snapshot(): Stats;
  /** Counts one more of an error that is held; its id, or undefined when none is. */
  fold(twin: string): string | undefined;
  /**
   * Why an event would not be taken now; asked before the work of a capture is
   * done. A full queue makes room for a rare event by giving up a common one.
   */
  refusal(key: string): DropReason | undefined;
  /** Takes an event for which `refusal` was asked, or the promise of one. Returns at once. */
  push(event: WireEvent | Promise<WireEvent | DropReason>, id: string, key: string, twin: string): void;
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

/**
 * A closure and no class: its names get one letter in the browser bundle, fields do not.
 * `finish` does what a capture left for later, as `platform.enrich` does; once for each event.
 */
export function makeQueue(platform: Platform, max: number, finish: NonNullable<Platform['enrich']>): Queue {
  const backlog = makeBacklog(max);
  const { stats, unready, waiting } = backlog;
  const schedule = makeSchedule();
  let flying: Entry[] = [];
  let preparing = false;
  let closed = false;
  let abandoned = false;
  let reachedMs = 0;
  let cancelTimer = (): void => undefined;
  const idle = new Set<(all: boolean) => void>();
  let warned = '';
  /** Drops that the server knows of, and those that the request under way tells. */
  let told: Stats['dropped'] = {};
  let telling = told;

  const now = (): number => Math.max(reachedMs, platform.elapsed());

  const serialise = (entry: Entry): void => {
    const wire = toWire(entry.event as WireEvent, entry.id, EVENT_BYTES_MAX, platform.bytesOf);
    entry.event = undefined;
    if (wire && wire.jsonBytes <= EVENT_BYTES_MAX) backlog.prepared(entry, wire);
    else backlog.give([entry], wire ? 'too_large' : 'before_send_failed');
  };

  /** Makes JSON of what came in, in slices: the application runs between them. */
  const prepare = async (): Promise<void> => {
    if (preparing) return;
    preparing = true;
    // From the first pause on the caller's function has returned.
    for (let sliceEndsMs = 0; ;) {
      if (platform.elapsed() >= sliceEndsMs) {
        await new Promise<void>((resolve) => {
          platform.setTimer(resolve, 0);
        });
        wake();
        sliceEndsMs = platform.elapsed() + SLICE_MS;
      }
      const [entry] = unready;
      if (!entry) break;
      const slow = finish(entry.event as WireEvent);
      if (slow) await slow;
      if (unready[0] === entry) serialise(unready.shift() as Entry);
    }
    preparing = false;
    wake();
  };

  /** Sends now if it is time, else sets the clock. */
  const wake = (): void => {
    if (flying.length) return;
    cancelTimer();
    if (!backlog.held()) {
      schedule.dueMs = Infinity;
      idle.forEach((done) => {
        done(true);
      });
      return;
    }
    const full = waiting.length >= schedule.batchMax || backlog.heldBytes() >= BATCH_BYTES_MAX;
    const at = sendAtMs(schedule, full);
    const wait = at - now();
    if (wait > 0) {
      cancelTimer = platform.setTimer(() => {
        reachedMs = at;
        wake();
      }, wait);
    } else if (waiting.length && (full || !unready.length)) void transmit();
    // Otherwise the end of the preparation wakes us.
  };

  const transmit = async (): Promise<void> => {
    flying = backlog.depart(waiting, BATCH_BYTES_MAX, schedule.batchMax);
    schedule.lastSendMs = now();
    telling = { ...stats.dropped };
    let reply: Reply | undefined;
    try {
      reply = await platform.send(toBody(flying, discardedSince(told, telling)), schedule.failures);
    } catch {
      // No answer.
    }
    settle(flying, reply);
    flying = [];
    // While somebody waits for a flush the rest goes at once.
    if (!idle.size) space(schedule, schedule.lastSendMs);
    wake();
  };

  const settle = (batch: Entry[], reply: Reply | undefined): void => {
    const status = reply?.status ?? 0;
    const codes = reply && status >= 200 && status < 300 ? resultCodes(reply.body, batch.length) : undefined;
    const split = status === 413 && batch.length > 1;
    resize(schedule, batch.length, split);
    if (codes) {
      schedule.failures = schedule.blockedUntilMs = 0;
      told = telling;
      const again = batch.filter((entry, i) => {
        const code = codes[i];
        if (AGAIN.test(code as string)) return true;
        if (!code) stats.sent += entry.times;
        backlog.give([entry], code === 'too_large' ? code : code ? 'rejected' : undefined);
        return false;
      });
      if (again.length) retry(again, 'rate_limited', reply);
    } else if (split) waiting.unshift(...batch);
    else {
      const reason = troubleOf(status);
      const trouble =
        reason === 'refused'
          ? `answered ${status}`
          : reason !== 'unreadable_answer'
            ? warned
            : status < 300
              ? 'gave no answer of Errata'
              : `redirects to ${reply?.location ?? 'elsewhere'}, not followed`;
      // Once for each kind of trouble in a row.
      if (trouble !== warned) platform.warn(`the server ${(warned = trouble)}; is the DSN right?`);
      if (reason === 'refused' || reason === 'too_large') backlog.give(batch, reason);
      else retry(batch, reason, reply);
    }
  };

  const retry = (batch: Entry[], reason: DropReason, reply: Reply | undefined): void => {
    const at = now();
    waiting.unshift(
      ...batch.filter((entry) => {
        if (reason === 'unreadable_answer') entry.unreadable++;
        const kept = !abandoned && entry.unreadable < UNREADABLE_MAX && at - entry.bornMs < AGE_MS_MAX;
        if (!kept) backlog.give([entry], abandoned ? 'closed' : reason);
        return kept;
      }),
    );
    failed(schedule, at, reply?.retryAfterMs, platform.random());
  };

  const hurryUp = (): void => {
    hurry(schedule);
    wake();
  };

  const flush = (timeoutMs: number): Promise<boolean> =>
    new Promise((resolve) => {
      const done = (all: boolean): void => {
        cancel();
        idle.delete(done);
        resolve(all);
      };
      const cancel = platform.setTimer(
        () => {
          done(false);
        },
        timeoutMs,
        true,
      );
      idle.add(done);
      hurryUp();
    });

  return {
    stats,
    drop: backlog.drop,
    flush,
    hurry: hurryUp,
    snapshot: () => ({ ...stats, dropped: { ...stats.dropped } }),
    fold: (twin) => (closed ? undefined : backlog.fold(twin)),
    refusal: (key) => (closed ? 'closed' : backlog.hasRoom(key) ? undefined : 'queue_full'),
    push(event, id, key, twin) {
      const entry = backlog.add(key, twin, id, now());
      came(schedule, entry.bornMs);
      const got = (final: WireEvent | DropReason): void => {
        if (abandoned || typeof final === 'string') {
          backlog.give([entry], abandoned ? 'closed' : (final as DropReason));
          wake();
        } else {
          entry.event = final;
          unready.push(entry);
          void prepare();
        }
      };
      if (event instanceof Promise) void event.then(got);
      else got(event);
    },
    async close(timeoutMs) {
      closed = true;
      const done = await flush(timeoutMs);
      if (!done) {
        abandoned = true;
        backlog.give([...unready.splice(0), ...waiting.splice(0)], 'closed');
        wake();
      }
      return done;
    },
    handOver(bytesMax, send, last) {
      if (!last && schedule.failures) return;
      for (const entry of unready.splice(0)) {
        void finish(entry.event as WireEvent, true);
        serialise(entry);
      }
      const rest = [...(last ? flying : []), ...waiting].filter((entry) => !entry.given);
      while (rest.length) {
        const batch = backlog.depart(rest, bytesMax, BATCH_EVENTS_MAX);
        const body = toBody(batch);
        // One event alone may be too large.
        if (platform.bytesOf(body) > bytesMax || !send(body)) continue;
        backlog.handedOver(batch);
        space(schedule, now());
      }
      wake();
    },
  };
}
