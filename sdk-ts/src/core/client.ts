/**
 * One configured client: from a thrown value to an event in the queue. No
 * method throws and none waits: what is slow (source lines, JSON, compression,
 * the network) happens after the call has returned.
 */
import { describe, keysOf, readStacks } from './exception.js';
import { ENVIRONMENT_CHARS_MAX, MESSAGE_CHARS_MAX, RELEASE_CHARS_MAX, within, type Options } from './options.js';
import type { Platform } from './platform.js';
import { makeQueue, type Queue } from './queue.js';
import { each, get, isObject, quietly, toText } from './safe.js';
import {
  BREADCRUMBS_MAX,
  makeScope,
  toTimestamp,
  type Breadcrumb,
  type ScopeData,
  type Scopes,
  type User,
} from './scope.js';
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
/** Characters of a hint that tell errors apart. */
const HINT_CHARS_MAX = 10_000;
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
  const finish = (event: WireEvent, atOnce?: boolean): Promise<void> | undefined => {
    readStacks(event, platform.locate);
    return platform.enrich?.(event, atOnce);
  };
  const queue = makeQueue(platform, within(options.maxQueue, 1, QUEUE_LIMIT, queueDefault), finish);
  const maxBreadcrumbs = within(options.maxBreadcrumbs, 0, BREADCRUMBS_MAX, MAX_BREADCRUMBS);
  const base = makeScope();
  base.setTags(options.tags);
  /** Captured objects, so that an error rethrown to a global handler counts once. */
  const seen = new WeakMap<object, string>();
  const cleanups: (() => void)[] = [];

  /** Adds who, where and when. */
  const complete = (event: WireEvent, hint: Hint | undefined, level: Level): void => {
    if (hint) {
      const own = makeScope();
      applyHint(hint, own);
      own.applyTo(event);
    }
    scopes.current().applyTo(event, maxBreadcrumbs);
    base.applyTo(event);
    event.level ??= level;
    if (options.release) event.release = toText(options.release, RELEASE_CHARS_MAX);
    Object.assign(event, {
      id: platform.newId(),
      platform: platform.name,
      environment: toText(options.environment || 'production', ENVIRONMENT_CHARS_MAX),
      timestamp: toTimestamp(platform.now()),
    });
    platform.describe(event);
  };

  /** `beforeSend` gets a copy: the event shares objects with the scope, and so with later events. */
  const lastWord = (event: WireEvent): WireEvent | DropReason | Promise<WireEvent | DropReason> => {
    const { beforeSend } = options;
    if (typeof beforeSend !== 'function') return event;
    const check = (answer: unknown): WireEvent | DropReason => {
      if (answer === null || answer === undefined) return 'before_send';
      return isObject(answer) && !Array.isArray(answer) ? answer : 'before_send_failed';
    };
    try {
      readStacks(event, platform.locate);
      const copy = JSON.parse(JSON.stringify(event)) as WireEvent;
      const answer: unknown = scopes.run(makeScope(true), () => beforeSend(copy));
      if (typeof get(answer, 'then') !== 'function') return check(answer);
      const late = new Promise((_resolve, reject) => {
        platform.setTimer(reject as () => void, BEFORE_SEND_MS_MAX);
      });
      return Promise.race([answer, late]).then(check, () => 'before_send_failed');
    } catch {
      return 'before_send_failed';
    }
  };

  /** Without `how` it is a message. */
  const capture = (cause: unknown, hint?: Hint, how?: Mechanism, stackHere?: () => string): string => {
    queue.stats.captured++;
    try {
      const object = isObject(cause) && cause;
      const remember = (id: string): string => {
        if (object) seen.set(object, id);
        return id;
      };
      const known = object && seen.get(object);
      const scope = scopes.current();
      let reason: DropReason | undefined = known ? 'duplicate' : scope.mute ? 'inside_before_send' : undefined;
      if (!reason) {
        const [key, twin] = keysOf(cause);
        // What the caller says of one error is part of it.
        const same = twin && [twin, how?.mechanism, scope.facts(), hint && toText(hint, HINT_CHARS_MAX)].join();
        const folded = queue.fold(same);
        if (folded) return remember(folded);
        reason = queue.refusal(key);
        if (!reason) {
          const event: WireEvent = how ? describe(cause, stackHere) : { error: { message: cause as string } };
          Object.assign(event.error as object, how);
          complete(event, hint, how ? (how.handled ? 'error' : 'fatal') : 'info');
          const id = event.id as string;
          const final = lastWord(event);
          if (typeof final !== 'string') {
            queue.push(final, id, key, same);
            return remember(id);
          }
          reason = final;
        }
      }
      queue.drop(reason);
      return known || '';
    } catch {
      queue.drop('internal');
    }
    return '';
  };

  return {
    queue,
    captureException: (thrown, hint, how = GENERIC, stackHere) => capture(thrown, hint, how, stackHere),
    captureMessage: (message, hint) => capture(toText(message, MESSAGE_CHARS_MAX), hint),
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
      cleanups.splice(0).forEach(quietly);
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
  each(get(hint, 'contexts'), scope.setContext as (name: string, value: unknown) => void);
  each(get(hint, 'extra'), scope.setExtra);
}
