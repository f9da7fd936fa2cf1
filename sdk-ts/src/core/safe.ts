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

/** The property, or undefined when reading it throws or there is none. */
export function get(value: unknown, key: string): unknown {
  try {
    return value === null || value === undefined
      ? undefined
      : (value as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** The property when it is a string, cut to `chars`; else undefined. */
export function getString(value: unknown, key: string, chars: number): string | undefined {
  const found = get(value, key);
  return typeof found === 'string' ? cut(found, chars) : undefined;
}

/** Calls back with the first own properties of an object; values that cannot be read are undefined. */
export function each(value: unknown, visit: (key: string, item: unknown) => void): void {
  if (value === null || typeof value !== 'object') return;
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
export function toJson(value: unknown, depth = DEPTH_MAX): Json {
  try {
    return visit(value, depth, { nodes: NODES_MAX, above: [] });
  } catch {
    return '[unreadable]';
  }
}

/** Like `toJson`; what is not an object becomes `{ value }`. */
export function toJsonObject(value: unknown): JsonObject {
  const json = toJson(value);
  return json !== null && typeof json === 'object' && !Array.isArray(json) ? json : { value: json };
}

/** Bytes of the text in UTF-8. */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // A surrogate pair is 4 bytes for 2 units, so each half adds one more than itself.
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}

interface Walk {
  /** Values that may still be visited. */
  nodes: number;
  /** The objects around the current one: what makes a cycle. */
  above: unknown[];
}

function visit(value: unknown, depth: number, walk: Walk): Json {
  switch (typeof value) {
    case 'string':
      return cut(value, STRING_CHARS_MAX);
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
  try {
    if (tag === 'Error' || tag === 'DOMException') {
      return `${getString(value, 'name', 100) ?? tag}: ${getString(value, 'message', 1_000) ?? ''}`;
    }
    if (tag === 'Date') return (value as Date).toISOString();
    if (tag === 'URL' || tag === 'RegExp') return cut(`${value as RegExp}`, STRING_CHARS_MAX);
    // Windows, elements, promises, buffers: their name says enough, and walking them may be endless.
    const list = tag === 'Array' || tag === 'Set' || tag === 'Map';
    if (!list && tag !== 'Object') return `[${tag || 'unreadable'}]`;
    if (walk.above.includes(value)) return '[Circular]';
    if (depth <= 0 || walk.nodes <= 0) return `[${tag}]`;
    walk.above.push(value);
    try {
      return list
        ? visitList(value as Iterable<unknown>, depth - 1, walk)
        : visitKeys(value, depth - 1, walk);
    } finally {
      walk.above.pop();
    }
  } catch {
    return '[unreadable]';
  }
}

function visitList(list: Iterable<unknown>, depth: number, walk: Walk): Json {
  const out: Json[] = [];
  for (const item of list) {
    if (out.length >= ITEMS_MAX || walk.nodes-- <= 0) {
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
    if (kept++ >= ITEMS_MAX || walk.nodes-- <= 0) {
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

/** Sets an own property even for `__proto__`, which an assignment would swallow. */
function put(out: JsonObject, key: string, value: Json): void {
  if (key === '__proto__') {
    Object.defineProperty(out, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    out[key] = value;
  }
}
