/** Whatever was thrown, as an error of the wire. Never throws. */
import { MESSAGE_CHARS_MAX, TYPE_CHARS_MAX } from './options.js';
import { cut, get, getString, isObject, quietly, tagOf, toJson, toText } from './safe.js';
import { parseStack, STACK_CHARS_MAX, type Locate } from './stack.js';
import type { Json, JsonObject, WireError, WireEvent } from './wire.js';

/** Causes kept, over all levels: `cause`, and `errors` of an AggregateError. */
const CAUSES_MAX = 20;
/** Characters of a thrown non-error that become the message. */
const VALUE_CHARS_MAX = 500;
/** Characters that tell one cause of errors from another. */
const KEY_CHARS_MAX = 300;
/** Call sites read of a stack that `Error.prepareStackTrace` made a list. */
const CALL_SITES_MAX = 250;

/**
 * What an event says of a thrown value, with stacks as texts: `readStacks` follows, off the
 * caller's path. The fields of one that is no error are in `extra`. `stackHere`: the stack of
 * the capture, for values that carry none.
 */
export function describe(
  thrown: unknown,
  stackHere: (() => string) | undefined,
): { error: WireError; extra?: JsonObject } {
  if (isError(thrown)) {
    const error = fromError(thrown);
    const causes = causesOf(thrown);
    if (causes.length) error.causes = causes;
    return { error };
  }
  const json = toJson(thrown);
  const error: WireError = { type: typeOf(thrown), message: messageOf(thrown, json), stack: stackHere?.() ?? '' };
  return isObject(thrown) ? { error, extra: { thrown: json } } : { error };
}

/** Makes frames of the stacks, once. `beforeSend` may have made anything of the event. */
export function readStacks(event: WireEvent, locate: Locate): void {
  quietly(() => {
    for (const error of [event.error, ...(event.error?.causes ?? [])]) {
      if (error?.stack === undefined || error.frames) continue;
      const frames = parseStack(error.stack, locate);
      if (frames.length) error.frames = frames;
      delete error.stack;
    }
  });
}

/**
 * What tells errors apart, cheaply. `key`: equal for those that come from one place, whatever
 * their message says. `twin`: equal for those of one type, message and place; empty when
 * nothing tells.
 */
export function keysOf(thrown: unknown): [key: string, twin: string] {
  const stack = stackOf(thrown);
  const message = typeof thrown === 'string' ? thrown : get(thrown, 'message');
  const text = typeof message === 'string' ? message : '';
  // Behind the message, which V8 repeats at the head of a stack.
  const from = stack.indexOf('\n', text.length);
  const place = from < 0 ? '' : stack.slice(from, from + KEY_CHARS_MAX);
  const key = place || text.slice(0, KEY_CHARS_MAX).replace(/\d+/g, '0');
  return [
    key,
    key && [getString(thrown, 'name', TYPE_CHARS_MAX), text.length, text.slice(0, MESSAGE_CHARS_MAX), place].join(),
  ];
}

/** The stack as a text; `Error.prepareStackTrace` may have made it a list of call sites. */
export function stackOf(value: unknown): string {
  const stack = get(value, 'stack');
  if (typeof stack === 'string') return stack;
  try {
    // They write themselves as V8 does.
    if (Array.isArray(stack))
      return stack
        .slice(0, CALL_SITES_MAX)
        .map((site) => `\nat ${String(site)}`)
        .join('');
  } catch {
    // Not call sites then.
  }
  return '';
}

/** An error of any realm, or what behaves like one. */
function isError(value: unknown): boolean {
  if (!isObject(value)) return false;
  const tag = tagOf(value);
  return (
    tag === 'Error' ||
    tag === 'DOMException' ||
    (typeof get(value, 'stack') === 'string' && typeof get(value, 'message') === 'string')
  );
}

function fromError(value: unknown): WireError {
  const name = getString(value, 'name', 1_000) ?? '';
  const message = get(value, 'message');
  const text = typeof message === 'string' ? message : message === undefined ? '' : toText(message, MESSAGE_CHARS_MAX);
  const stack = stackOf(value);
  // V8 repeats name and message, which may look like frames and be long: a part is compared, all is passed over.
  const headed =
    stack.startsWith(name) && (!text || stack.startsWith(`: ${text.slice(0, KEY_CHARS_MAX)}`, name.length));
  const start = headed ? name.length + (text ? text.length + 2 : 0) : 0;
  return {
    type: cut(className(value, name), TYPE_CHARS_MAX),
    message: cut(text, MESSAGE_CHARS_MAX),
    stack: stack.slice(start, start + STACK_CHARS_MAX),
  };
}

/** `class PaymentError extends Error` often forgets to set its name. Names that minifiers made do not end so. */
function className(value: unknown, name: string): string {
  if (name && name !== 'Error') return name;
  const made = getString(get(value, 'constructor'), 'name', TYPE_CHARS_MAX);
  return made && /(Error|Exception)$/.test(made) ? made : name || 'Error';
}

function causesOf(top: unknown): WireError[] {
  const causes: WireError[] = [];
  const seen: unknown[] = [top];
  const follow = (value: unknown): void => {
    if (value === undefined || value === null || causes.length >= CAUSES_MAX || seen.includes(value)) return;
    seen.push(value);
    causes.push(isError(value) ? fromError(value) : { type: typeOf(value), message: messageOf(value, toJson(value)) });
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
  if (thrown === null) return 'null';
  if (!isObject(thrown) && typeof thrown !== 'function') return typeof thrown;
  const made = getString(get(thrown, 'constructor'), 'name', TYPE_CHARS_MAX);
  return getString(thrown, 'name', TYPE_CHARS_MAX) || made || tagOf(thrown) || 'Object';
}

/** `json`: the value's copy, since reading it again may be costly. */
function messageOf(thrown: unknown, json: Json): string {
  if (typeof thrown === 'string') return cut(thrown, MESSAGE_CHARS_MAX);
  return getString(thrown, 'message', MESSAGE_CHARS_MAX) ?? toText(json, VALUE_CHARS_MAX);
}
