/** A world that tests control: clock, chance and server. */
import { makeClient, type Client } from '../src/core/client';
import type { Options } from '../src/core/options';
import type { Platform, Reply } from '../src/core/platform';
import { stackScopes } from '../src/core/scope';
import type { Stats } from '../src/core/stats';
import type { WireDiscardedEvents, WireEvent } from '../src/core/wire';

type Answer = Partial<Reply> | 'offline';

/** What Errata answers when it stored all. */
export const stored = (count: number): string =>
  JSON.stringify({ results: Array.from({ length: count }, (_, i) => ({ id: `${i}` })) });

export class World {
  /** The wall clock, which anybody may set. */
  nowMs = Date.UTC(2026, 0, 2, 3, 4, 5);
  /** The clock that only goes on. */
  elapsedMs = 5;
  /** Answers of the server in order; when used up, everything is stored. */
  answers: Answer[] = [];
  /** The events of each request. */
  readonly requests: WireEvent[][] = [];
  /** What each request told of drops. */
  readonly discarded: WireDiscardedEvents[][] = [];
  readonly warnings: string[] = [];
  readonly #timers = new Map<number, { atMs: number; callback: () => void }>();
  #count = 0;

  readonly platform: Platform = {
    name: 'test',
    now: () => this.nowMs,
    elapsed: () => this.elapsedMs,
    random: () => 0.5,
    bytesOf: (text) => Buffer.byteLength(text),
    newId: () => (++this.#count).toString(16).padStart(32, '0'),
    setTimer: (callback, delayMs) => {
      const key = ++this.#count;
      this.#timers.set(key, { atMs: this.elapsedMs + delayMs, callback });
      return () => this.#timers.delete(key);
    },
    send: (body) => {
      const { errors, discarded_events = [] } = JSON.parse(body) as {
        errors: WireEvent[];
        discarded_events?: WireDiscardedEvents[];
      };
      this.requests.push(errors);
      this.discarded.push(discarded_events);
      const answer = this.answers.shift() ?? {};
      if (answer === 'offline') return Promise.reject(new Error('offline'));
      return Promise.resolve({ status: 202, body: stored(errors.length), ...answer });
    },
    describe: () => undefined,
    locate: (path) => ({ filename: path.replace(/^.*\/\/[^/]*/, ''), abs_path: path }),
    warn: (message) => this.warnings.push(message),
  };

  client(options: Options = {}, queueDefault = 100): Client {
    return makeClient(options, this.platform, stackScopes(), queueDefault);
  }

  /** Lets time pass, running what falls due on the way. */
  async pass(ms: number): Promise<void> {
    const endMs = this.elapsedMs + ms;
    await settle();
    for (let i = 0; i < 10_000; i++) {
      const next = [...this.#timers].sort(([, a], [, b]) => a.atMs - b.atMs)[0];
      if (!next || next[1].atMs > endMs) break;
      this.#timers.delete(next[0]);
      this.#advance(next[1].atMs);
      next[1].callback();
      await settle();
    }
    this.#advance(endMs);
  }

  #advance(toMs: number): void {
    const ms = Math.max(0, toMs - this.elapsedMs);
    this.elapsedMs += ms;
    this.nowMs += ms;
  }
}

/** Runs the promises that are ready. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

/** Whether every captured event is accounted for. */
export function balance(stats: Stats): boolean {
  const dropped = Object.values(stats.dropped).reduce((sum, count) => sum + count, 0);
  return stats.captured === stats.sent + stats.unconfirmed + stats.queued + dropped;
}

/** The one event sent for what `act` captures. */
export async function eventOf(act: (client: Client) => void, options: Options = {}): Promise<WireEvent> {
  const world = new World();
  act(world.client(options));
  await world.pass(10_000);
  const events = world.requests.flat();
  if (events.length !== 1) throw new Error(`${events.length} events were sent`);
  return events[0]!;
}
