/**
 * What happens to a page or a worker: errors nobody caught, requests, its end. Each hook
 * is installed, or missing in this world (a frozen console, a worker without a document),
 * on its own.
 */
import type { Client } from '../core/client.js';
import { httpBreadcrumb, patch, watchConsole, watchFetch } from '../core/hooks.js';
import type { Options } from '../core/options.js';
import { cut, get, isObject, toText } from '../core/safe.js';
import { OUTLIVE_BYTES_MAX, elapsed } from './platform.js';

const LOGGED_CHARS_MAX = 300;

/** Listens until `close`. */
export function install(client: Client, options: Options, beaconUrl: string): void {
  const listen = (target: EventTarget, type: string, handler: (event: Event) => void): void => {
    client.hook(() => {
      target.addEventListener(type, handler);
      return () => {
        target.removeEventListener(type, handler);
      };
    });
  };
  if (options.globalHandlers !== false) {
    listen(self, 'error', (event) => {
      onError(client, event);
    });
    listen(self, 'unhandledrejection', (event) => {
      client.captureException(get(event, 'reason'), undefined, {
        mechanism: 'onunhandledrejection',
        handled: false,
      });
    });
  }
  const record = client.addBreadcrumb;
  if (options.consoleBreadcrumbs !== false) client.hook(() => watchConsole(console, record, show));
  if (options.httpBreadcrumbs !== false) {
    client.hook(() => watchFetch(self, elapsed, record));
    client.hook(() => watchXhr(record));
  }
  const { queue } = client;
  const leave = (last: boolean): void => {
    queue.handOver(OUTLIVE_BYTES_MAX, (body) => beacon(beaconUrl, body), last);
  };
  // Phones end pages without telling; hidden is the last moment that is sure.
  // A worker has no document, and never hears of this.
  listen((self as { document?: EventTarget }).document ?? self, 'visibilitychange', () => {
    if (document.visibilityState === 'hidden') leave(false);
    else queue.hurry();
  });
  listen(self, 'pagehide', () => {
    leave(true);
  });
  listen(self, 'online', () => {
    queue.hurry();
  });
}

function onError(client: Client, event: Event): void {
  const how = { mechanism: 'onerror', handled: false };
  // Scripts of other origins hide their error; what is left is a message and perhaps a place.
  const { message, filename, lineno, colno } = event as ErrorEvent;
  const stack = `at ${filename}:${lineno}:${colno}`;
  client.captureException(get(event, 'error') ?? { name: 'Error', message, stack }, undefined, how);
}

/**
 * A logged value without running the application's code. Objects stay closed: what looks
 * into one runs its getters, or wakes the Proxy of a state library, and no page can tell
 * a Proxy from an object.
 */
function show(logged: unknown): string {
  let text = logged;
  if (isObject(logged)) {
    const { isError } = Error as { isError?: (value: unknown) => boolean };
    text =
      (isError?.(logged) ?? logged instanceof Error)
        ? `Error: ${String(Object.getOwnPropertyDescriptor(logged, 'message')?.value)}`
        : '[object]';
  } else if (typeof logged === 'function') text = '[function]';
  return cut(String(text), LOGGED_CHARS_MAX);
}

function beacon(url: string, body: string): boolean {
  try {
    // A string goes as text/plain, which needs no preflight.
    return navigator.sendBeacon(url, body);
  } catch {
    return false;
  }
}

function watchXhr(record: Client['addBreadcrumb']): () => void {
  return patch(
    XMLHttpRequest.prototype,
    'open',
    (open) =>
      function (...args) {
        const result = open.apply(this, args);
        const start = elapsed();
        const xhr = this as XMLHttpRequest;
        const [method, url] = args.map((arg) => toText(arg, 2_000)) as [string, string];
        xhr.addEventListener(
          'loadend',
          () => {
            record(httpBreadcrumb('xhr', method, url, xhr.status, elapsed() - start));
          },
          { once: true },
        );
        return result;
      },
  );
}
