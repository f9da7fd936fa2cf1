/** Whatever was thrown, as an error of the wire. Never throws. */
import { CHARS } from './options.js';
import { cut, get, getString, tagOf, toJson, toText } from './safe.js';
import { parseStack, type Locate } from './stack.js';
import type { Json, WireError } from './wire.js';

/** Causes kept, over all levels: `cause`, and `errors` of an AggregateError. */
const CAUSES_MAX = 20;
/** Characters of a thrown non-error that become the message. */
const VALUE_CHARS_MAX = 500;

export interface Described {
  error: WireError;
  /** The thrown value when it is not an error: its fields are worth reading. */
  thrown?: Json;
}

/** `stackHere`: the stack of the capture, for values that carry none. */
export function describe(thrown: unknown, stackHere: (() => string) | undefined, locate: Locate): Described {
  if (isError(thrown)) {
    const error = fromError(thrown, locate);
    const causes = causesOf(thrown, locate);
    if (causes.length) error.causes = causes;
    return { error };
  }
  const error: WireError = { type: typeOf(thrown), message: messageOf(thrown) };
  const frames = parseStack(stackHere?.() ?? '', '', locate);
  if (frames.length) error.frames = frames;
  return thrown !== null && typeof thrown === 'object' ? { error, thrown: toJson(thrown) } : { error };
}

/** An error of any realm, or what behaves like one. */
function isError(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return false;
  const tag = tagOf(value);
  return (
    tag === 'Error' ||
    tag === 'DOMException' ||
    (typeof get(value, 'stack') === 'string' && typeof get(value, 'message') === 'string')
  );
}

function fromError(value: unknown, locate: Locate): WireError {
  const name = getString(value, 'name', 1_000) ?? '';
  const message = get(value, 'message');
  const text = typeof message === 'string' ? message : message === undefined ? '' : toText(message, CHARS.message);
  const error: WireError = {
    type: cut(className(value, name), CHARS.type),
    message: cut(text, CHARS.message),
  };
  const stack = get(value, 'stack');
  if (typeof stack === 'string') {
    const frames = parseStack(stack, text ? `${name}: ${text}` : name, locate);
    if (frames.length) error.frames = frames;
  }
  return error;
}

/** `class PaymentError extends Error` often forgets to set its name. Names that minifiers made do not end so. */
function className(value: unknown, name: string): string {
  if (name && name !== 'Error') return name;
  const made = getString(get(value, 'constructor'), 'name', CHARS.type);
  return made && /(Error|Exception)$/.test(made) ? made : name || 'Error';
}

function causesOf(top: unknown, locate: Locate): WireError[] {
  const causes: WireError[] = [];
  const seen: unknown[] = [top];
  const follow = (value: unknown): void => {
    if (value === undefined || value === null || causes.length >= CAUSES_MAX || seen.includes(value)) return;
    seen.push(value);
    causes.push(isError(value) ? fromError(value, locate) : { type: typeOf(value), message: messageOf(value) });
    walk(value);
  };
  const walk = (value: unknown): void => {
    follow(get(value, 'cause'));
    const errors = get(value, 'errors');
    if (tagOf(errors) !== 'Array') return;
    for (let i = 0; i < CAUSES_MAX; i++) follow(get(errors, String(i)));
  };
  walk(top);
  return causes;
}

function typeOf(thrown: unknown): string {
  if (thrown === null || (typeof thrown !== 'object' && typeof thrown !== 'function')) {
    return thrown === null ? 'null' : typeof thrown;
  }
  const made = getString(get(thrown, 'constructor'), 'name', CHARS.type);
  return getString(thrown, 'name', CHARS.type) || made || tagOf(thrown) || 'Object';
}

function messageOf(thrown: unknown): string {
  return getString(thrown, 'message', CHARS.message) ?? toText(thrown, typeof thrown === 'string' ? CHARS.message : VALUE_CHARS_MAX);
}
