import { types } from 'node:util';

/** Characters of one logged value, entries of one object, and objects in objects that are shown. */
const CHARS_MAX = 300;
const ENTRIES_MAX = 10;
const DEPTH_MAX = 2;

/**
 * A logged value without running any code of the application: own data properties only,
 * getters by name, Proxies closed.
 */
export function show(logged: unknown): string {
  if (typeof logged === 'string') return logged.slice(0, CHARS_MAX);
  return inner(logged, DEPTH_MAX).slice(0, CHARS_MAX);
}

function inner(value: unknown, depth: number): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, CHARS_MAX));
  if (typeof value === 'function') return '[Function]';
  if (value === null || typeof value !== 'object') return String(value);
  if (types.isProxy(value)) return '[Proxy]';
  if (types.isNativeError(value)) return `${nameOf(value)}: ${dataOf(value, 'message') ?? ''}`;
  if (types.isDate(value))
    return Number.isNaN(Date.prototype.getTime.call(value)) ? 'Invalid Date' : Date.prototype.toISOString.call(value);
  if (Array.isArray(value)) {
    if (depth === 0) return '[Array]';
    const items = Array.from({ length: Math.min(value.length, ENTRIES_MAX) }, (_, i) =>
      entry(value, String(i), depth - 1),
    );
    if (value.length > ENTRIES_MAX) items.push('…');
    return `[${items.join(',')}]`;
  }
  const name = nameOf(value);
  if (depth === 0 || (name !== 'Object' && name !== '')) return `[${name || 'Object'}]`;
  const keys = Object.keys(value);
  const entries = keys
    .slice(0, ENTRIES_MAX)
    .map((key) => `${JSON.stringify(key.slice(0, CHARS_MAX))}:${entry(value, key, depth - 1)}`);
  if (keys.length > ENTRIES_MAX) entries.push('…');
  return `{${entries.join(',')}}`;
}

function entry(owner: object, key: string, depth: number): string {
  const property = Object.getOwnPropertyDescriptor(owner, key);
  return !property || 'value' in property ? inner(property?.value, depth) : '[Getter]';
}

function dataOf(owner: object, key: string): string | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(owner, key)?.value;
  return typeof value === 'string' ? value : undefined;
}

/** The name of its class, as far as plain properties tell. */
function nameOf(value: object): string {
  for (
    let at: unknown = value;
    at !== null && typeof at === 'object' && !types.isProxy(at);
    at = Object.getPrototypeOf(at)
  ) {
    const name = types.isNativeError(value) ? dataOf(at, 'name') : undefined;
    if (name !== undefined) return name;
    const made: unknown = Object.getOwnPropertyDescriptor(at, 'constructor')?.value;
    if (typeof made === 'function' && !types.isProxy(made) && at !== value) return dataOf(made, 'name') ?? '';
  }
  return '';
}
