/**
 * The functions applications call. They forward to the client of `init`; before
 * it, without a DSN and after `close` they do nothing. The state hangs on a
 * global symbol, so that a process that loads this package twice (ESM and
 * CommonJS, two copies) still has one client and one scope.
 */
import type { Client, Hint } from './client.js';
import { stackOf } from './exception.js';
import { quietly } from './safe.js';
import { stackScopes, toLevel, type Breadcrumb, type Scope, type Scopes, type User } from './scope.js';
import { noStats, type Stats } from './stats.js';
import type { Level } from './wire.js';

/** Waits of `flush` and `close` when no time is given. */
const FLUSH_MS = 2_000;

interface State {
  client?: Client | undefined;
  scopes?: Scopes;
}

const KEY = Symbol.for('errata.sdk.1');
const state: State = sharedState();

function sharedState(): State {
  const holder = globalThis as { [KEY]?: State };
  const own: State = {};
  try {
    return (holder[KEY] ??= own);
  } catch {
    // A frozen world: then each copy of the package has its own.
    return own;
  }
}

/** The scopes of this process; the first platform loaded decides their kind. */
export function scopes(make: () => Scopes = stackScopes): Scopes {
  return (state.scopes ??= make());
}

/** Makes the client current; a former one is closed in the background. */
export function setClient(client: Client | undefined): void {
  const former = state.client;
  state.client = client;
  if (former) void former.close(FLUSH_MS);
}

/**
 * Sends an error, or whatever was thrown. Never throws and never waits. Answers
 * the event's id; empty when there is no client or the event was dropped.
 */
export function captureException(thrown: unknown, hint?: Hint): string {
  return state.client?.captureException(thrown, hint, undefined, () => stackAbove(captureException)) ?? '';
}

/** Sends a message; its level is `info` unless said otherwise. Never throws and never waits. */
export function captureMessage(message: string, hint?: Level | Hint): string {
  const level = toLevel(hint);
  return state.client?.captureMessage(message, level ? { level } : (hint as Hint | undefined)) ?? '';
}

export function setUser(user: User | null): void {
  onScope((scope) => {
    scope.setUser(user);
  });
}

export function setTag(key: string, value: unknown): void {
  onScope((scope) => {
    scope.setTag(key, value);
  });
}

export function setTags(tags: Record<string, unknown>): void {
  onScope((scope) => {
    scope.setTags(tags);
  });
}

export function setContext(name: string, context: Record<string, unknown> | null): void {
  onScope((scope) => {
    scope.setContext(name, context);
  });
}

export function setExtra(key: string, value: unknown): void {
  onScope((scope) => {
    scope.setExtra(key, value);
  });
}

export function addBreadcrumb(breadcrumb: Breadcrumb): void {
  state.client?.addBreadcrumb(breadcrumb);
}

/**
 * Runs the callback with a copy of the current scope: what is set inside does
 * not leak out. In Node the copy also holds across `await`; in a browser it
 * ends when the callback returns.
 */
export function withScope<T>(callback: (scope: Scope) => T): T {
  const scope = scopes().current().fork();
  return scopes().run(scope, () => callback(scope));
}

/** Sends what is held; false when the time passed before. */
export function flush(timeoutMs = FLUSH_MS): Promise<boolean> {
  return state.client?.queue.flush(timeoutMs) ?? Promise.resolve(true);
}

/** Takes out all hooks, flushes, and ends the client. */
export function close(timeoutMs = FLUSH_MS): Promise<boolean> {
  return state.client?.close(timeoutMs) ?? Promise.resolve(true);
}

/** The account of events since `init`. */
export function stats(): Stats {
  return state.client?.queue.snapshot() ?? noStats();
}

function onScope(work: (scope: Scope) => void): void {
  quietly(() => {
    work(scopes().current());
  });
}

/** Where `below` was called; empty where the engine cannot say. */
function stackAbove(below: (...args: never[]) => unknown): string {
  const at = {};
  quietly(() => {
    (Error as { captureStackTrace?: (target: object, below: unknown) => void }).captureStackTrace?.(at, below);
  });
  return stackOf(at);
}
