/**
 * What is known about the moment: user, tags, contexts, breadcrumbs. Values are
 * copied to plain, bounded JSON when they are set, so that a capture only
 * copies references and no later change shows up in an earlier event.
 */
import { TAG_CHARS_MAX } from './options.js';
import { each, get, toJsonObject, toJson, toText } from './safe.js';
import type { Json, JsonObject, Level, WireBreadcrumb, WireEvent, WireUser } from './wire.js';

/** Most breadcrumbs the server keeps. */
export const BREADCRUMBS_MAX = 100;
const BREADCRUMB_CHARS_MAX = 1_024;
/** Most tags the server keeps, and our bound on contexts and extras. */
const ENTRIES_MAX = 100;
const LEVELS: readonly Level[] = ['debug', 'info', 'warning', 'error', 'fatal'];

export interface User {
  id?: string | number | undefined;
  session_id?: string | undefined;
  email?: string | undefined;
  username?: string | undefined;
  ip_address?: string | undefined;
}

export interface Breadcrumb {
  /** Milliseconds since 1970; now when absent. */
  timestamp?: number | undefined;
  type?: string | undefined;
  category?: string | undefined;
  level?: Level | undefined;
  message?: string | undefined;
  data?: Record<string, unknown> | undefined;
}

/** A level, or undefined for anything else. */
export function toLevel(value: unknown): Level | undefined {
  return LEVELS.find((level) => level === value);
}

/**
 * Becomes RFC 3339 when the event becomes JSON, which is not on the caller's path; null,
 * which says nothing, for a time that does not exist.
 */
export function toTimestamp(ms: number): string {
  return new Date(ms) as unknown as string;
}

/** What `withScope` gives: facts that end with it. */
export interface Scope {
  /** Who is affected; null for nobody. */
  setUser(user: User | null): void;
  /** A searchable pair; null or undefined removes it. */
  setTag(key: string, value: unknown): void;
  setTags(tags: Record<string, unknown> | undefined): void;
  /** A named group of facts about the application's state; null removes it. */
  setContext: (name: string, context: Record<string, unknown> | null) => void;
  /** Anything else worth reading. */
  setExtra: (key: string, value: unknown) => void;
  setLevel(level: Level | undefined): void;
  /** Overrides the server's grouping; `{{ default }}` stands for it. */
  setFingerprint(parts: readonly string[] | undefined): void;
  /** A step on the way. */
  addBreadcrumb(breadcrumb: Breadcrumb): void;
}

/** A scope as the SDK sees it. */
export interface ScopeData extends Scope {
  /** The scope of `beforeSend`: what is captured in it would call it again, without end. */
  readonly mute: boolean | undefined;
  addBreadcrumb(breadcrumb: Breadcrumb, nowMs?: number): void;
  fork(): ScopeData;
  /** Who, how bad, which group, which tags: errors that differ in them are not equal. */
  facts(): string;
  /** Writes what is known into the event, with the newest breadcrumbs; what the event already says wins. */
  applyTo(event: WireEvent, breadcrumbsMax?: number): void;
}

/** The parameters are the state: a fork starts with copies. */
export function makeScope(
  mute?: boolean,
  user?: WireUser,
  level?: Level,
  fingerprint?: string[],
  tags = new Map<string, string>(),
  contexts = new Map<string, JsonObject>(),
  extra = new Map<string, Json>(),
  breadcrumbs: WireBreadcrumb[] = [],
): ScopeData {
  const setTag = (key: string, value: unknown): void => {
    put(tags, toText(key, TAG_CHARS_MAX).trim(), value, (tag) => toText(tag, TAG_CHARS_MAX));
  };
  return {
    mute,
    setTag,
    facts: () => JSON.stringify([user, level, fingerprint, [...tags]]),
    fork: () =>
      makeScope(mute, user, level, fingerprint, new Map(tags), new Map(contexts), new Map(extra), breadcrumbs.slice()),
    setUser(next) {
      user = undefined;
      if (!next) return;
      user = {};
      for (const key of ['id', 'session_id', 'email', 'username', 'ip_address'] as const) {
        const value = get(next, key) ?? '';
        if (value !== '') user[key] = toText(value, 200);
      }
    },
    setTags(next) {
      each(next, setTag);
    },
    setContext(name, context) {
      put(contexts, toText(name, TAG_CHARS_MAX), context, toJsonObject);
    },
    setExtra(key, value) {
      // Null is worth reading, too.
      put(extra, toText(key, TAG_CHARS_MAX), 0, () => toJson(value));
    },
    setLevel(next) {
      level = toLevel(next);
    },
    setFingerprint(parts) {
      const json = toJson(parts);
      fingerprint = Array.isArray(json) ? json.slice(0, 20).map((part) => toText(part, 200)) : undefined;
    },
    addBreadcrumb(breadcrumb, nowMs = Date.now()) {
      if (!breadcrumb) return;
      const at = get(breadcrumb, 'timestamp');
      const wire: WireBreadcrumb = {
        timestamp: toTimestamp(typeof at === 'number' ? at : nowMs),
        level: toLevel(get(breadcrumb, 'level')) as Level,
      };
      for (const key of ['type', 'category', 'message'] as const) {
        const value = get(breadcrumb, key) ?? '';
        if (value !== '') wire[key] = toText(value, BREADCRUMB_CHARS_MAX);
      }
      const data = get(breadcrumb, 'data') ?? undefined;
      if (data !== undefined) wire.data = toJsonObject(data);
      if (breadcrumbs.push(wire) > BREADCRUMBS_MAX) breadcrumbs.shift();
    },
    applyTo(event, breadcrumbsMax = BREADCRUMBS_MAX) {
      if (user) event.user ??= user;
      if (level) event.level ??= level;
      if (fingerprint) event.fingerprint ??= fingerprint;
      if (tags.size) event.tags = { ...Object.fromEntries(tags), ...event.tags };
      if (contexts.size) {
        const context = (event.context ??= {});
        context.state = { ...Object.fromEntries(contexts), ...context.state };
      }
      if (extra.size) event.extra = { ...Object.fromEntries(extra), ...event.extra };
      const newest = breadcrumbsMax ? breadcrumbs.slice(-breadcrumbsMax) : [];
      if (newest.length) (event.context ??= {}).breadcrumbs = newest;
    },
  };
}

/** Sets a bounded entry; null and undefined remove it. */
function put<T>(map: Map<string, T>, name: string, value: unknown, copy: (value: unknown) => T): void {
  if (value === undefined || value === null) map.delete(name);
  else if (name && (map.size < ENTRIES_MAX || map.has(name))) map.set(name, copy(value));
}

/** Where the current scope is found. The browser has one stack, Node follows async calls. */
export interface Scopes {
  current(): ScopeData;
  run<T>(scope: ScopeData, callback: () => T): T;
}

/** The current scope as a stack: right as long as the callback is synchronous. */
export function stackScopes(): Scopes {
  const stack = [makeScope()];
  return {
    current: () => stack[stack.length - 1] as ScopeData,
    run(scope, callback) {
      stack.push(scope);
      try {
        return callback();
      } finally {
        stack.pop();
      }
    },
  };
}
