/**
 * The events that are held: bounded in number and bytes, equal ones folded into one, the
 * commonest giving way to the rare. Pure: no clock, no timer, no network; the moments that
 * matter are arguments. Every event leaves it into one counter of `stats`, never otherwise.
 */
import { take, type Prepared, type Sendable } from './batch.js';
import { noStats, type DropReason, type Stats } from './stats.js';
import type { WireEvent } from './wire.js';

/** Bytes waiting, over all events. */
const BYTES_MAX = 8 * 1_024 * 1_024;
/** Equal errors that one event stands for: the server counts no more. */
export const TIMES_MAX = 100_000;

export interface Entry extends Sendable {
  /** Until it is JSON. */
  event?: WireEvent | undefined;
  /** The event's, if `beforeSend` leaves it alone. */
  id: string;
  /** Equal for events of one cause: see `keysOf`. */
  key: string;
  /** Equal for equal errors; empty when no more are folded in, because it may be on its way. */
  twin: string;
  bornMs: number;
  unreadable: number;
  /** Given away while the page was left; it may have arrived. */
  given?: boolean;
  /** Counted as sent or dropped: a late answer must not bring it back. */
  gone?: boolean;
}

export interface Backlog {
  readonly stats: Stats;
  /** Not JSON yet, oldest first. */
  readonly unready: Entry[];
  /** Prepared, oldest first. */
  readonly waiting: Entry[];
  /** Events, wherever they are: not ready, waiting, on their way. */
  held(): number;
  heldBytes(): number;
  drop: (reason: DropReason, times?: number) => void;
  /** Whether there is room for an event of this key; a full backlog gives up a commoner one. */
  hasRoom(key: string): boolean;
  add(key: string, twin: string, id: string, bornMs: number): Entry;
  /** Counts one more of an error that is held; its id, or undefined when none is. */
  fold(twin: string): string | undefined;
  /** The entry is JSON now, and may be sent. */
  prepared(entry: Entry, wire: Prepared): void;
  /** Takes the oldest of a list that fit in one request, at least one, to be sent. */
  depart(list: Entry[], bytesMax: number, eventsMax: number): Entry[];
  /** They were given away, and are kept until somebody confirms them. */
  handedOver(batch: Entry[]): void;
  /** Lets go of entries, counting their errors as dropped when there is a reason. */
  give(entries: Entry[], reason?: DropReason): void;
}

/** `max`: of events. */
export function makeBacklog(max: number): Backlog {
  const stats = noStats();
  const unready: Entry[] = [];
  const waiting: Entry[] = [];
  /** Events held, by their key. */
  const alike = new Map<string, number>();
  /** Those that equal errors are folded into. */
  const twins = new Map<string, Entry>();
  let held = 0;
  let heldBytes = 0;

  const drop = (reason: DropReason, times = 1): void => {
    stats.dropped[reason] = (stats.dropped[reason] ?? 0) + times;
  };

  /** How many of this key are held, with `more`. */
  const count = (key: string, more: number): number => {
    const sum = (alike.get(key) ?? 0) + more;
    if (sum) alike.set(key, sum);
    else alike.delete(key);
    return sum;
  };

  /** From here on equal errors make an event of their own. */
  const seal = (entry: Entry): void => {
    twins.delete(entry.twin);
    entry.twin = '';
  };

  const give = (entries: Entry[], reason?: DropReason): void => {
    for (const entry of entries) {
      if (entry.gone) continue;
      entry.gone = true;
      seal(entry);
      held--;
      heldBytes -= entry.jsonBytes;
      stats[entry.given ? 'unconfirmed' : 'queued'] -= entry.times;
      count(entry.key, -1);
      if (reason) drop(reason, entry.times);
    }
  };

  /** Gives up the newest event of the commonest cause, if that has more than `few`. */
  const evict = (few: number): boolean => {
    let common: string | undefined;
    alike.forEach((sum, key) => {
      if (sum > few) {
        few = sum;
        common = key;
      }
    });
    return [unready, waiting].some((list) => {
      const at = list.findLastIndex(({ key }) => key === common);
      if (at >= 0) give(list.splice(at, 1), 'queue_full');
      return at >= 0;
    });
  };

  return {
    stats,
    unready,
    waiting,
    held: () => held,
    heldBytes: () => heldBytes,
    drop,
    give,
    hasRoom: (key) => (held < max && heldBytes < BYTES_MAX) || evict(count(key, 0) + 1),
    add(key, twin, id, bornMs) {
      const entry: Entry = { jsonText: '', jsonBytes: 0, times: 1, id, key, twin, bornMs, unreadable: 0 };
      count(key, 1);
      held++;
      stats.queued++;
      if (twin) twins.set(twin, entry);
      return entry;
    },
    fold(twin) {
      const entry = twins.get(twin);
      if (!entry || entry.times >= TIMES_MAX) return;
      entry.times++;
      stats.queued++;
      return entry.id;
    },
    prepared(entry, { jsonText, jsonBytes }) {
      entry.jsonText = jsonText;
      heldBytes += entry.jsonBytes = jsonBytes;
      waiting.push(entry);
      // Many small events fill the backlog by number, few large ones by bytes.
      while (heldBytes > BYTES_MAX && evict(0));
    },
    depart(list, bytesMax, eventsMax) {
      const batch = take(list, bytesMax, eventsMax);
      batch.forEach(seal);
      return batch;
    },
    handedOver(batch) {
      for (const entry of batch) {
        entry.given = true;
        stats.queued -= entry.times;
        stats.unconfirmed += entry.times;
      }
    },
  };
}
