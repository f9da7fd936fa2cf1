/** Breadcrumbs from functions that every platform has: console and fetch. */
import { get, getString, quietly, toText } from './safe.js';
import type { Breadcrumb } from './scope.js';
import { cleanUrl } from './url.js';
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

/** Replaces a method; answers how to put the original back. Throws where it is missing or frozen. */
export function patch(owner: object, name: string, wrap: (original: Callable) => Callable): () => void {
  const methods = owner as Record<string, Callable>;
  const original = methods[name];
  if (typeof original !== 'function') throw new TypeError(name);
  const wrapped = wrap(original);
  let active = true;
  const outer: Callable = function (...args) {
    return (active ? wrapped : original).apply(this, args);
  };
  methods[name] = outer;
  return () => {
    // When somebody wrapped us since, we cannot be taken out, only switched off.
    active = false;
    if (methods[name] === outer) methods[name] = original;
  };
}

/** `show` makes text of what was logged, and must not run any code of the application. */
export function watchConsole(console: object, record: Record_, show: (logged: unknown) => string): () => void {
  // Our own work may log: that must not recurse.
  let inside = false;
  const undo: (() => void)[] = [];
  for (const [name, level] of Object.entries(CONSOLE)) {
    const watch = (original: Callable): Callable =>
      function (...args) {
        if (!inside) {
          inside = true;
          // The application's line is printed whatever happens to ours.
          quietly(() => {
            const message = args.slice(0, CONSOLE_ARGS_MAX).map(show).join(' ');
            record({ type: 'console', category: 'console', level, message });
          });
          inside = false;
        }
        return original.apply(this, args);
      };
    quietly(() => undo.push(patch(console, name, watch)));
  }
  return () => {
    undo.forEach(quietly);
  };
}

/** `now` must never go back. */
export function watchFetch(owner: object, now: () => number, record: Record_): () => void {
  return patch(
    owner,
    'fetch',
    (original) =>
      function (...args) {
        const start = now();
        const [input, init] = args;
        const method = getString(init, 'method', 20) ?? getString(input, 'method', 20) ?? 'GET';
        const url = getString(input, 'url', 2_000) ?? toText(input, 2_000);
        const done = (response?: unknown): void => {
          record(httpBreadcrumb('fetch', method, url, Number(get(response, 'status')) || 0, now() - start));
        };
        const result = original.apply(this, args);
        // A second branch of the promise: the caller's own keeps its rejection.
        if (result instanceof Promise) {
          result.then(done, () => {
            done();
          });
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
  const clean = cleanUrl(url);
  const verb = method.toUpperCase();
  return {
    type: 'http',
    category,
    level: status >= 500 || status === 0 ? 'error' : status >= 400 ? 'warning' : 'info',
    message: `${verb} ${clean}`,
    data: { method: verb, url: clean, status, duration_ms: Math.round(durationMs) },
  };
}
