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
  const last = text.charCodeAt(chars - 2);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? chars - 2 : chars - 1) + '…';
}

/** Text for any value; strings stay as they are. */
export function toText(value: unknown, chars: number): string {
  if (typeof value === 'string') return cut(value, chars);
  const json = toJson(value, 3);
  return cut(typeof json === 'string' ? json : JSON.stringify(json), chars);
}

/** A bounded copy as plain JSON. Never throws. */
export function toJson(value: unknown, depth = DEPTH_MAX, items = ITEMS_MAX, nodes = NODES_MAX): Json {
  try {
    return visit(value, depth, { items, nodes, chars: CHARS_MAX, above: [] });
  } catch {
    return '[unreadable]';
  }
}

/** The object's own properties as they are; as JSON when they cannot be read. */
export function copyOf(value: object): object {
  try {
    return { ...value };
  } catch {
    return toJsonWhole(value) as object;
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

interface Walk {
  /** Of one object or list. */
  items: number;
  /** Characters that may still be copied. */
  chars: number;
  /** Values that may still be visited. */
  nodes: number;
  /** The objects around the current one: what makes a cycle. */
  above: unknown[];
}

function visit(value: unknown, depth: number, walk: Walk): Json {
  switch (typeof value) {
    case 'string': {
      const text = cut(value, Math.min(STRING_CHARS_MAX, Math.max(walk.chars, 1)));
      walk.chars -= text.length;
      return text;
    }
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'undefined':
      return null;
    case 'function':
      return `[Function ${getString(value, 'name', 100) ?? ''}]`;
    case 'object':
      return value === null ? null : visitObject(value, depth, walk);
    default: // bigint, symbol
      return String(value);
  }
}

function visitObject(value: object, depth: number, walk: Walk): Json {
  const tag = tagOf(value);
  const { above } = walk;
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
    if (depth <= 0 || walk.nodes <= 0) return `[${tag}]`;
    above.push(value);
    return list
      ? visitList(value as Iterable<unknown>, depth - 1, walk)
      : visitKeys(value, depth - 1, walk);
  } catch {
    return '[unreadable]';
  } finally {
    above.length = level;
  }
}

function visitList(list: Iterable<unknown>, depth: number, walk: Walk): Json {
  const out: Json[] = [];
  for (const item of list) {
    if (out.length >= walk.items || walk.nodes-- <= 0) {
      out.push('…');
      break;
    }
    out.push(visit(item, depth, walk));
  }
  return out;
}

function visitKeys(value: object, depth: number, walk: Walk): Json {
  const out: JsonObject = {};
  let kept = 0;
  for (const key of Object.keys(value)) {
    if (kept++ >= walk.items || walk.nodes-- <= 0) {
      out['…'] = 'more';
      break;
    }
    let json: Json = '[unreadable]';
    try {
      const item = (value as Record<string, unknown>)[key];
      if (item === undefined) continue;
      json = visit(item, depth, walk);
    } catch {
      // The other keys may be fine.
    }
    put(out, cut(key, 200), json);
  }
  return out;
}

/** Sets an own property even for `__proto__`, and for `toString` where prototypes are frozen: an assignment would fail. */
function put(out: JsonObject, key: string, value: Json): void {
  if (key in out) {
    Object.defineProperty(out, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    out[key] = value;
  }
}
