/** Breadcrumbs from functions that every platform has: console and fetch. */
import { get, getString, toText } from './safe.js';
import type { Breadcrumb } from './scope.js';
import type { Level } from './wire.js';

type Callable = (this: unknown, ...args: unknown[]) => unknown;
type Record_ = (breadcrumb: Breadcrumb) => void;

const CONSOLE: Record<string, Level> = {
  debug: 'debug',
  log: 'info',
  info: 'info',
  warn: 'warning',
  error: 'error',
};
/** Arguments of one console call that are read. */
const CONSOLE_ARGS_MAX = 5;
const ARG_CHARS_MAX = 300;

/** Replaces a method; answers how to put the original back. */
export function patch(owner: object, name: string, wrap: (original: Callable) => Callable): () => void {
  const methods = owner as Record<string, unknown>;
  const original = methods[name];
  if (typeof original !== 'function') return () => undefined;
  let active = true;
  const wrapped = wrap(original as Callable);
  const outer: Callable = function (...args) {
    return (active ? wrapped : (original as Callable)).apply(this, args);
  };
  methods[name] = outer;
  return () => {
    // When somebody wrapped us since, we cannot be taken out, only switched off.
    active = false;
    if (methods[name] === outer) methods[name] = original;
  };
}

export function watchConsole(console: object, record: Record_): () => void {
  // Our own work may log (a getter of a logged object does): that must not recurse.
  let inside = false;
  const undo = Object.entries(CONSOLE).map(([name, level]) =>
    patch(console, name, (original) =>
      function (...args) {
        if (!inside) {
          inside = true;
          try {
            const texts = args.slice(0, CONSOLE_ARGS_MAX).map((arg) => toText(arg, ARG_CHARS_MAX));
            record({ type: 'console', category: 'console', level, message: texts.join(' ') });
          } catch {
            // The application's line is still printed.
          }
          inside = false;
        }
        return original.apply(this, args);
      },
    ),
  );
  return () => { for (const one of undo) one(); };
}

export function watchFetch(owner: object, now: () => number, record: Record_): () => void {
  return patch(owner, 'fetch', (original) =>
    function (...args) {
      const start = now();
      const [input, init] = args;
      const method = getString(init, 'method', 20) ?? getString(input, 'method', 20) ?? 'GET';
      const url = typeof input === 'string' ? input : (getString(input, 'url', 2_000) ?? toText(input, 2_000));
      const done = (status: number): void => {
        record(httpBreadcrumb('fetch', method, url, status, now() - start));
      };
      const result = original.apply(this, args);
      // A second branch of the promise: the caller's own keeps its rejection.
      if (result instanceof Promise) {
        result.then((response) => { done(Number(get(response, 'status')) || 0); }, () => { done(0); });
      }
      return result;
    },
  );
}

/** `status` 0: no answer. */
export function httpBreadcrumb(
  category: string,
  method: string,
  url: string,
  status: number,
  durationMs: number,
): Breadcrumb {
  // Queries, fragments and user names in URLs are where secrets are.
  const bare = url.replace(/[?#].*$/s, '').replace(/^([a-z][\w+.-]*:\/\/)[^/@]*@/i, '$1');
  const verb = method.toUpperCase();
  return {
    type: 'http',
    category,
    level: status >= 500 || status === 0 ? 'error' : status >= 400 ? 'warning' : 'info',
    message: `${verb} ${bare}`,
    data: { method: verb, url: bare, status, duration_ms: Math.round(durationMs) },
  };
}
