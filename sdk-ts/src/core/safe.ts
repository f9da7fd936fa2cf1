/**
 * Reading values that strangers made: getters that throw, Proxies, cycles,
 * megabytes. Nothing here throws, and all output is bounded, plain JSON.
 */
import type { Json, JsonObject } from './wire.js';

/** Deepest nesting kept; deeper values become a short name such as `[Object]`. */
const DEPTH_MAX = 5;
/** Keys of an object or items of a list kept; the rest is counted in one entry. */
const ITEMS_MAX = 50;
/** Characters of one string kept. */
const STRING_CHARS_MAX = 4_096;
/** Properties of a caller's object that `each` looks at: more tags or contexts than the server keeps. */
const EACH_MAX = 200;
/** Values visited in one call: bounds width times depth, and so the time spent in the caller. */
const NODES_MAX = 1_000;
/** Characters of all strings of one call: half of what an event may have. */
const CHARS_MAX = 131_072;

/** Losing a fact or a hook is better than disturbing the application. */
export function quietly(work: () => unknown): void {
  try {
    work();
  } catch {
    // See above.
  }
}

/** The property, or undefined when reading it throws or there is none. */
export function get(value: unknown, key: string): unknown {
  try {
    return (value as Record<string, unknown> | undefined)?.[key];
  } catch {
    return undefined;
  }
}

/** An object but no function. */
export function isObject(value: unknown): value is object {
  return value !== null && typeof value === 'object';
}

/** The property when it is a string, cut to `chars`; else undefined. */
export function getString(value: unknown, key: string, chars: number): string | undefined {
  const found = get(value, key);
  return typeof found === 'string' ? cut(found, chars) : undefined;
}

/** Calls back with the first own properties of an object; values that cannot be read are undefined. */
export function each(value: unknown, visit: (key: string, item: unknown) => void): void {
  if (!isObject(value)) return;
  let keys: string[] = [];
  try {
    keys = Object.keys(value);
  } catch {
    // A Proxy that hides its keys has none.
  }
  for (const key of keys.slice(0, EACH_MAX)) visit(key, get(value, key));
}

/** `Object` for `{}`, `Error` for errors of any realm, empty for what cannot be asked (a revoked Proxy). */
export function tagOf(value: unknown): string {
  try {
    return Object.prototype.toString.call(value).slice(8, -1);
  } catch {
    return '';
  }
}

/** At most `chars` characters, with an ellipsis when cut, never half a surrogate pair. */
export function cut(text: string, chars: number): string {
  if (text.length <= chars) return text;
  return text.slice(0, chars - 1).replace(/[\ud800-\udbff]$/, '') + '…';
}

/** Text for any value; strings stay as they are. */
export function toText(value: unknown, chars: number): string {
  if (typeof value === 'string') return cut(value, chars);
  const json = toJson(value, 3);
  return cut(typeof json === 'string' ? json : JSON.stringify(json), chars);
}

/** A bounded copy as plain JSON. Never throws. */
export function toJson(value: unknown, depth = DEPTH_MAX, items = ITEMS_MAX, nodes = NODES_MAX): Json {
  /** Characters that may still be copied. */
  let chars = CHARS_MAX;
  /** The objects around the current one: what makes a cycle. */
  const above: unknown[] = [];

  const visit = (value: unknown): Json => {
    if (isObject(value)) return visitObject(value);
    if (typeof value === 'string') {
      const text = cut(value, Math.min(STRING_CHARS_MAX, Math.max(chars, 1)));
      chars -= text.length;
      return text;
    }
    if (typeof value === 'function') return `[Function ${getString(value, 'name', 100) ?? ''}]`;
    if (typeof value === 'boolean' || Number.isFinite(value)) return value as boolean | number;
    // eslint-disable-next-line @typescript-eslint/no-base-to-string -- objects went another way above
    return value === undefined || value === null ? null : String(value);
  };

  const visitObject = (value: object): Json => {
    const tag = tagOf(value);
    const level = above.length;
    try {
      if (tag === 'Error' || tag === 'DOMException') {
        return `${getString(value, 'name', 100) ?? tag}: ${getString(value, 'message', 1_000) ?? ''}`;
      }
      if (tag === 'Date') return (value as Date).toISOString();
      if (tag === 'URL' || tag === 'RegExp') return cut(`${value as RegExp}`, STRING_CHARS_MAX);
      // Windows, elements, promises, buffers: their name says enough, and walking them may be endless.
      const list = tag === 'Array' || tag === 'Set' || tag === 'Map';
      if (!list && tag !== 'Object') return `[${tag || 'unreadable'}]`;
      if (above.includes(value)) return '[Circular]';
      if (level >= depth || nodes <= 0) return `[${tag}]`;
      above.push(value);
      return list ? visitList(value as Iterable<unknown>) : visitKeys(value);
    } catch {
      return '[unreadable]';
    } finally {
      above.length = level;
    }
  };

  const visitList = (list: Iterable<unknown>): Json => {
    const out: Json[] = [];
    for (const item of list) {
      const full = out.length >= items || nodes-- <= 0;
      out.push(full ? '…' : visit(item));
      if (full) break;
    }
    return out;
  };

  const visitKeys = (value: object): Json => {
    // Without a prototype `__proto__` is a key like any other, and `toString` is where prototypes are frozen.
    const out = { __proto__: null } as unknown as JsonObject;
    let kept = 0;
    for (const key of Object.keys(value)) {
      if (kept++ >= items || nodes-- <= 0) {
        out['…'] = 'more';
        break;
      }
      let json: Json = '[unreadable]';
      try {
        const item = (value as Record<string, unknown>)[key];
        if (item === undefined) continue;
        json = visit(item);
      } catch {
        // The other keys may be fine.
      }
      out[cut(key, 200)] = json;
    }
    return out;
  };

  try {
    return visit(value);
  } catch {
    return '[unreadable]';
  }
}

/** JSON of what should be whole, such as an event. */
export function toJsonWhole(value: unknown): Json {
  return toJson(value, 12, 300, 10_000);
}

/** Like `toJson`; what is not an object becomes `{ value }`. */
export function toJsonObject(value: unknown): JsonObject {
  const json = toJson(value);
  return isObject(json) && !Array.isArray(json) ? json : { value: json };
}
