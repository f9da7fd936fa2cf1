/**
 * What is known about the moment: user, tags, contexts, breadcrumbs. Values are
 * copied to plain, bounded JSON when they are set, so that a capture only
 * copies references and no later change shows up in an earlier event.
 */
import { CHARS } from './options.js';
import { cut, each, get, toJsonObject, toJson, toText } from './safe.js';
import type { JsonObject, Level, WireBreadcrumb, WireEvent, WireUser } from './wire.js';

/** Most breadcrumbs the server keeps. */
export const BREADCRUMBS_MAX = 100;
const BREADCRUMB_CHARS_MAX = 1_024;
/** Most tags the server keeps, and our bound on contexts and extras. */
const ENTRIES_MAX = 100;
const LEVELS: readonly string[] = ['debug', 'info', 'warning', 'error', 'fatal'];

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
  return LEVELS.includes(value as string) ? (value as Level) : undefined;
}

/** RFC 3339; undefined for a time that does not exist. */
export function toTimestamp(ms: number): string | undefined {
  try {
    return new Date(ms).toISOString();
  } catch {
    return undefined;
  }
}

export class Scope {
  #user: WireUser | undefined;
  #level: Level | undefined;
  #fingerprint: string[] | undefined;
  #tags = new Map<string, string>();
  #contexts = new Map<string, JsonObject>();
  #extra: JsonObject = {};
  #breadcrumbs: WireBreadcrumb[] = [];

  fork(): Scope {
    const copy = new Scope();
    copy.#user = this.#user;
    copy.#level = this.#level;
    copy.#fingerprint = this.#fingerprint;
    copy.#tags = new Map(this.#tags);
    copy.#contexts = new Map(this.#contexts);
    copy.#extra = { ...this.#extra };
    copy.#breadcrumbs = this.#breadcrumbs.slice();
    return copy;
  }

  /** Who is affected; null for nobody. */
  setUser(user: User | null): void {
    this.#user = undefined;
    if (!user) return;
    const wire: WireUser = {};
    for (const key of ['id', 'session_id', 'email', 'username', 'ip_address'] as const) {
      const value = get(user, key);
      if (value !== undefined && value !== null && value !== '') wire[key] = toText(value, 200);
    }
    this.#user = wire;
  }

  /** A searchable pair; null or undefined removes it. */
  setTag(key: string, value: unknown): void {
    const name = cut(toText(key, CHARS.tag).trim(), CHARS.tag);
    if (value === undefined || value === null) this.#tags.delete(name);
    else if (name && (this.#tags.size < ENTRIES_MAX || this.#tags.has(name))) {
      this.#tags.set(name, toText(value, CHARS.tag));
    }
  }

  setTags(tags: unknown): void {
    each(tags, (key, value) => { this.setTag(key, value); });
  }

  /** A named group of facts about the application's state; null removes it. */
  setContext(name: string, context: unknown): void {
    const key = toText(name, CHARS.tag);
    if (context === null || context === undefined) this.#contexts.delete(key);
    else if (this.#contexts.size < ENTRIES_MAX || this.#contexts.has(key)) {
      this.#contexts.set(key, toJsonObject(context));
    }
  }

  /** Anything else worth reading. */
  setExtra(key: string, value: unknown): void {
    const name = toText(key, CHARS.tag);
    if (name in this.#extra || Object.keys(this.#extra).length < ENTRIES_MAX) {
      this.#extra[name] = toJson(value);
    }
  }

  setLevel(level: Level | undefined): void {
    this.#level = toLevel(level);
  }

  /** Overrides the server's grouping; `{{ default }}` stands for it. */
  setFingerprint(parts: readonly string[] | undefined): void {
    const json = toJson(parts);
    this.#fingerprint = Array.isArray(json)
      ? json.slice(0, 20).map((part) => toText(part, 200))
      : undefined;
  }

  /** A step on the way. The newest `max` are kept. */
  addBreadcrumb(breadcrumb: Breadcrumb, nowMs: number, max: number): void {
    if (max <= 0 || !breadcrumb) return;
    const at = get(breadcrumb, 'timestamp');
    const wire: WireBreadcrumb = {};
    const timestamp = toTimestamp(typeof at === 'number' ? at : nowMs);
    if (timestamp) wire.timestamp = timestamp;
    const level = toLevel(get(breadcrumb, 'level'));
    if (level) wire.level = level;
    for (const key of ['type', 'category', 'message'] as const) {
      const value = get(breadcrumb, key);
      if (value !== undefined && value !== null) wire[key] = toText(value, BREADCRUMB_CHARS_MAX);
    }
    const data = get(breadcrumb, 'data');
    if (data !== undefined && data !== null) wire.data = toJsonObject(data);
    this.#breadcrumbs.push(wire);
    if (this.#breadcrumbs.length > max) this.#breadcrumbs.splice(0, this.#breadcrumbs.length - max);
  }

  /** Writes what is known into the event; what the event already says wins. */
  applyTo(event: WireEvent): void {
    if (this.#user) event.user ??= this.#user;
    if (this.#level) event.level ??= this.#level;
    if (this.#fingerprint) event.fingerprint ??= this.#fingerprint;
    if (this.#tags.size) event.tags = { ...Object.fromEntries(this.#tags), ...event.tags };
    if (this.#contexts.size) {
      const context = (event.context ??= {});
      context.state = { ...Object.fromEntries(this.#contexts), ...context.state };
    }
    if (Object.keys(this.#extra).length) event.extra = { ...this.#extra, ...event.extra };
    if (this.#breadcrumbs.length) (event.context ??= {}).breadcrumbs = this.#breadcrumbs.slice();
  }
}

/** Where the current scope is found. The browser has one stack, Node follows async calls. */
export interface Scopes {
  current(): Scope;
  run<T>(scope: Scope, callback: () => T): T;
}

/** The current scope as a stack: right as long as the callback is synchronous. */
export class StackScopes implements Scopes {
  readonly #stack: Scope[] = [];
  readonly #root = new Scope();

  current(): Scope {
    return this.#stack[this.#stack.length - 1] ?? this.#root;
  }

  run<T>(scope: Scope, callback: () => T): T {
    this.#stack.push(scope);
    try {
      return callback();
    } finally {
      this.#stack.pop();
    }
  }
}
