/**
 * One configured client: from a thrown value to an event in the queue. No
 * method throws and none waits: what is slow (source lines, JSON, compression,
 * the network) happens after the call has returned.
 */
import { describe } from './exception.js';
import { CHARS, within, type Options } from './options.js';
import type { Platform } from './platform.js';
import { Queue } from './queue.js';
import { each, get, toText } from './safe.js';
import { BREADCRUMBS_MAX, Scope, toTimestamp, type Breadcrumb, type Scopes, type User } from './scope.js';
import { Counters, type DropReason, type Stats } from './stats.js';
import type { Level, WireEvent } from './wire.js';

/** Captured objects remembered, so that an error rethrown to a global handler counts once. */
type Seen = WeakMap<object, string>;

/** Facts about one event, over those of the scope. */
export interface Hint {
  level?: Level | undefined;
  user?: User | undefined;
  tags?: Record<string, unknown> | undefined;
  /** By name, like `setContext`. */
  contexts?: Record<string, Record<string, unknown>> | undefined;
  extra?: Record<string, unknown> | undefined;
  fingerprint?: readonly string[] | undefined;
}

/** How the error came to us. */
export interface Mechanism {
  mechanism: string;
  handled: boolean;
}

const GENERIC: Mechanism = { mechanism: 'generic', handled: true };
const MAX_BREADCRUMBS = 50;
const QUEUE_LIMIT = 10_000;

export interface ClientParts {
  options: Options;
  platform: Platform;
  scopes: Scopes;
  /** Events kept when `maxQueue` is absent. */
  queueDefault: number;
}

export class Client {
  readonly #options: Options;
  readonly #platform: Platform;
  readonly #scopes: Scopes;
  readonly #counters = new Counters();
  readonly #queue: Queue;
  readonly #maxBreadcrumbs: number;
  readonly #base: Scope;
  readonly #seen: Seen = new WeakMap();
  readonly #cleanups: (() => void)[] = [];

  constructor({ options, platform, scopes, queueDefault }: ClientParts) {
    this.#options = options;
    this.#platform = platform;
    this.#scopes = scopes;
    this.#queue = new Queue(platform, this.#counters, within(options.maxQueue, 1, QUEUE_LIMIT, queueDefault));
    this.#maxBreadcrumbs = within(options.maxBreadcrumbs, 0, BREADCRUMBS_MAX, MAX_BREADCRUMBS);
    this.#base = new Scope();
    this.#base.setTags(options.tags);
  }

  /** The event's id; empty when the event was dropped at once (see `stats`). */
  captureException(thrown: unknown, hint?: Hint, how: Mechanism = GENERIC, stackHere?: () => string): string {
    return this.#capture(() => {
      const known = this.#seenId(thrown);
      if (known !== undefined) {
        this.#counters.drop('duplicate');
        return known;
      }
      const { error, thrown: value } = describe(thrown, stackHere, (path) => this.#platform.locate(path));
      const event = this.#newEvent({ error: { ...error, ...how } }, hint);
      if (value !== undefined) event.extra = { thrown: value, ...event.extra };
      const id = this.#submit(event, how.handled ? 'error' : 'fatal');
      if (id && thrown !== null && typeof thrown === 'object') this.#seen.set(thrown, id);
      return id;
    });
  }

  /** Like `captureException`, for an event that is no error. */
  captureMessage(message: string, hint?: Hint): string {
    return this.#capture(() => {
      const event = this.#newEvent({ error: { message: toText(message, CHARS.message) } }, hint);
      return this.#submit(event, 'info');
    });
  }

  addBreadcrumb(breadcrumb: Breadcrumb): void {
    try {
      this.#scopes.current().addBreadcrumb(breadcrumb, this.#platform.now(), this.#maxBreadcrumbs);
    } catch {
      // A lost breadcrumb is no reason to disturb the application.
    }
  }

  stats(): Stats {
    return this.#counters.snapshot(this.#queue.held);
  }

  flush(timeoutMs: number): Promise<boolean> {
    return this.#queue.flush(timeoutMs);
  }

  /** Undone by `close`, in reverse order. */
  onClose(cleanup: () => void): void {
    this.#cleanups.push(cleanup);
  }

  /** Takes out the hooks, sends what is held and gives up the rest after `timeoutMs`. */
  async close(timeoutMs: number): Promise<boolean> {
    for (const cleanup of this.#cleanups.splice(0).reverse()) {
      try {
        cleanup();
      } catch {
        // The others must still run.
      }
    }
    this.#queue.close();
    const done = await this.#queue.flush(timeoutMs);
    if (!done) this.#queue.abandon();
    return done;
  }

  /** See `Queue.handOver`. */
  handOver(bytesMax: number, send: (body: string) => boolean): void {
    this.#queue.handOver(bytesMax, send);
  }

  #capture(work: () => string): string {
    this.#counters.captured++;
    try {
      const refusal = this.#queue.refusal;
      if (refusal === undefined) return work();
      this.#counters.drop(refusal);
    } catch {
      this.#counters.drop('internal');
    }
    return '';
  }

  #seenId(thrown: unknown): string | undefined {
    return thrown !== null && typeof thrown === 'object' ? this.#seen.get(thrown) : undefined;
  }

  #newEvent(event: WireEvent, hint: Hint | undefined): WireEvent {
    if (hint !== undefined && hint !== null) {
      const own = new Scope();
      applyHint(hint, own);
      own.applyTo(event);
    }
    this.#scopes.current().applyTo(event);
    this.#base.applyTo(event);
    return event;
  }

  #submit(event: WireEvent, level: Level): string {
    const { release, environment, beforeSend } = this.#options;
    event.id = this.#platform.newId();
    event.level ??= level;
    event.platform = this.#platform.name;
    if (release) event.release = toText(release, CHARS.release);
    event.environment = toText(environment || 'production', CHARS.environment);
    const timestamp = toTimestamp(this.#platform.now());
    if (timestamp) event.timestamp = timestamp;
    this.#platform.describe(event);
    const final = this.#lastWord(event, beforeSend);
    if (typeof final === 'string') {
      this.#counters.drop(final);
      return '';
    }
    this.#queue.push(final);
    return event.id;
  }

  #lastWord(event: WireEvent, beforeSend: Options['beforeSend']): WireEvent | DropReason {
    if (typeof beforeSend !== 'function') return event;
    try {
      const answer: unknown = beforeSend(event);
      if (answer === null || answer === undefined) return 'before_send';
      return typeof answer === 'object' ? answer : 'before_send_failed';
    } catch {
      return 'before_send_failed';
    }
  }
}

/** Hints come from callers, so their getters may throw as well. */
function applyHint(hint: Hint, scope: Scope): void {
  scope.setLevel(get(hint, 'level') as Level);
  scope.setFingerprint(get(hint, 'fingerprint') as string[]);
  scope.setUser(get(hint, 'user') as User | null);
  scope.setTags(get(hint, 'tags'));
  each(get(hint, 'contexts'), (name, value) => { scope.setContext(name, value); });
  each(get(hint, 'extra'), (name, value) => { scope.setExtra(name, value); });
}
