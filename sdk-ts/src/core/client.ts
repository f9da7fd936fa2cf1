/**
 * One configured client: from a thrown value to an event in the queue. No
 * method throws and none waits: what is slow (source lines, JSON, compression,
 * the network) happens after the call has returned.
 */
import { describe, keyOf } from './exception.js';
import { ENVIRONMENT_CHARS_MAX, MESSAGE_CHARS_MAX, RELEASE_CHARS_MAX, within, type Options } from './options.js';
import type { Platform } from './platform.js';
import { makeQueue, type Queue } from './queue.js';
import { copyOf, each, get, isObject, quietly, toText } from './safe.js';
import { BREADCRUMBS_MAX, makeScope, toTimestamp, type Breadcrumb, type ScopeData, type Scopes, type User } from './scope.js';
import type { DropReason } from './stats.js';
import type { Level, WireEvent } from './wire.js';

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
/** How long an asynchronous `beforeSend` may take. */
const BEFORE_SEND_MS_MAX = 10_000;

export interface Client {
  readonly queue: Queue;
  /** The event's id; empty when the event was dropped at once (see `stats`). */
  captureException(thrown: unknown, hint?: Hint, how?: Mechanism, stackHere?: () => string): string;
  /** Like `captureException`, for an event that is no error. */
  captureMessage(message: string, hint?: Hint): string;
  addBreadcrumb: (breadcrumb: Breadcrumb) => void;
  /** Installs something and keeps how to take it out; where it cannot be had, the rest goes on. */
  hook(install: () => () => void): void;
  /** Takes out the hooks, sends what is held and gives up the rest after `timeoutMs`. */
  close(timeoutMs: number): Promise<boolean>;
}

/** A closure for the same reason as the queue. `queueDefault`: events kept when `maxQueue` is absent. */
export function makeClient(options: Options, platform: Platform, scopes: Scopes, queueDefault: number): Client {
  const queue = makeQueue(platform, within(options.maxQueue, 1, QUEUE_LIMIT, queueDefault));
  const maxBreadcrumbs = within(options.maxBreadcrumbs, 0, BREADCRUMBS_MAX, MAX_BREADCRUMBS);
  const base = makeScope();
  base.setTags(options.tags);
  /** Captured objects, so that an error rethrown to a global handler counts once. */
  const seen = new WeakMap<object, string>();
  const cleanups: (() => void)[] = [];

  /** Adds who, where and when. */
  const complete = (event: WireEvent, hint: Hint | undefined, level: Level): WireEvent => {
    if (hint) {
      const own = makeScope();
      applyHint(hint, own);
      own.applyTo(event);
    }
    scopes.current().applyTo(event, maxBreadcrumbs);
    base.applyTo(event);
    event.id = platform.newId();
    event.level ??= level;
    event.platform = platform.name;
    if (options.release) event.release = toText(options.release, RELEASE_CHARS_MAX);
    event.environment = toText(options.environment || 'production', ENVIRONMENT_CHARS_MAX);
    const timestamp = toTimestamp(platform.now());
    if (timestamp) event.timestamp = timestamp;
    platform.describe(event);
    return event;
  };

  /** `beforeSend` gets a copy: the event shares objects with the scope, and so with later events. */
  const lastWord = (event: WireEvent): WireEvent | DropReason | Promise<WireEvent | DropReason> => {
    const { beforeSend } = options;
    if (typeof beforeSend !== 'function') return event;
    const check = (answer: unknown): WireEvent | DropReason => {
      if (answer === null || answer === undefined) return 'before_send';
      if (!isObject(answer) || Array.isArray(answer)) return 'before_send_failed';
      const final = copyOf(answer) as WireEvent;
      // Without it a retry would make a second event.
      final.id ||= event.id as string;
      return final;
    };
    try {
      const copy = JSON.parse(JSON.stringify(event)) as WireEvent;
      const answer: unknown = scopes.run(makeScope(true), () => beforeSend(copy));
      if (typeof get(answer, 'then') !== 'function') return check(answer);
      return new Promise((resolve) => {
        const fail = (): void => { resolve('before_send_failed'); };
        const cancel = platform.setTimer(fail, BEFORE_SEND_MS_MAX);
        Promise.resolve(answer).then((late) => { resolve(check(late)); }).catch(fail).finally(cancel);
      });
    } catch {
      return 'before_send_failed';
    }
  };

  const capture = (cause: unknown, hint: Hint | undefined, level: Level, make: () => WireEvent): string => {
    queue.stats.captured++;
    try {
      const object = isObject(cause) && cause;
      const known = object ? seen.get(object) : undefined;
      const key = keyOf(cause);
      const refusal = known ? 'duplicate' : scopes.current().mute ? 'inside_before_send' : queue.refusal(key);
      if (refusal) {
        queue.drop(refusal);
        return known ?? '';
      }
      const event = complete(make(), hint, level);
      const id = event.id as string;
      const final = lastWord(event);
      if (typeof final !== 'string') {
        queue.push(final, key);
        if (object) seen.set(object, id);
        return id;
      }
      queue.drop(final);
    } catch {
      queue.drop('internal');
    }
    return '';
  };

  return {
    queue,
    captureException: (thrown, hint, how = GENERIC, stackHere) =>
      capture(thrown, hint, how.handled ? 'error' : 'fatal', () => {
        const event: WireEvent = describe(thrown, stackHere, platform.locate);
        Object.assign(event.error as object, how);
        return event;
      }),
    captureMessage(message, hint) {
      const text = toText(message, MESSAGE_CHARS_MAX);
      return capture(text, hint, 'info', () => ({ error: { message: text } }));
    },
    addBreadcrumb(breadcrumb) {
      quietly(() => {
        if (maxBreadcrumbs) scopes.current().addBreadcrumb(breadcrumb, platform.now());
      });
    },
    hook(install) {
      // Frozen, or not there in this world: then without.
      quietly(() => cleanups.unshift(install()));
    },
    close(timeoutMs) {
      for (const cleanup of cleanups.splice(0)) quietly(cleanup);
      return queue.close(timeoutMs);
    },
  };
}

/** Hints come from callers, so their getters may throw as well. */
function applyHint(hint: Hint | undefined, scope: ScopeData): void {
  scope.setLevel(get(hint, 'level') as Level);
  scope.setFingerprint(get(hint, 'fingerprint') as string[]);
  scope.setUser(get(hint, 'user') as User | null);
  scope.setTags(get(hint, 'tags') as Record<string, unknown>);
  each(get(hint, 'contexts'), (name, value) => { scope.setContext(name, value as Record<string, unknown>); });
  each(get(hint, 'extra'), (name, value) => { scope.setExtra(name, value); });
}
