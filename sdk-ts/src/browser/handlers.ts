/** What happens to a page: errors nobody caught, requests, its end. */
import type { Client } from '../core/client.js';
import { httpBreadcrumb, patch, watchConsole, watchFetch } from '../core/hooks.js';
import type { Options } from '../core/options.js';
import { get, toText } from '../core/safe.js';
import { OUTLIVE_BYTES_MAX } from './platform.js';

/** Listens until `close`. */
export function install(client: Client, options: Options, beaconUrl: string): void {
  if (options.globalHandlers !== false) {
    listen(client, window, 'error', (event) => { onError(client, event); });
    listen(client, window, 'unhandledrejection', (event) => {
      client.captureException(get(event, 'reason'), undefined, {
        mechanism: 'onunhandledrejection',
        handled: false,
      });
    });
  }
  const record = client.addBreadcrumb.bind(client);
  if (options.consoleBreadcrumbs !== false) client.onClose(watchConsole(console, record));
  if (options.httpBreadcrumbs !== false) {
    client.onClose(watchFetch(window, Date.now, record));
    client.onClose(watchXhr(record));
  }
  // Phones end pages without telling; hidden is the last moment that is sure.
  const leave = (): void => {
    client.handOver(OUTLIVE_BYTES_MAX, (body) => beacon(beaconUrl, body));
  };
  listen(client, document, 'visibilitychange', () => {
    if (document.visibilityState === 'hidden') leave();
  });
  listen(client, window, 'pagehide', leave);
}

function listen(client: Client, target: EventTarget, type: string, handler: (event: Event) => void): void {
  target.addEventListener(type, handler);
  client.onClose(() => { target.removeEventListener(type, handler); });
}

function onError(client: Client, event: Event): void {
  const how = { mechanism: 'onerror', handled: false };
  // Scripts of other origins hide their error; what is left is a message and perhaps a place.
  const { message, filename, lineno, colno } = event as ErrorEvent;
  const stack = `at ${filename}:${lineno}:${colno}`;
  client.captureException(get(event, 'error') ?? { name: 'Error', message, stack }, undefined, how);
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
  const prototype = XMLHttpRequest.prototype;
  const requests = new WeakMap<object, [method: string, url: string]>();
  const closeOpen = patch(prototype, 'open', (open) =>
    function (...args) {
      requests.set(this as object, [toText(args[0], 20), toText(args[1], 2_000)]);
      return open.apply(this, args);
    },
  );
  const closeSend = patch(prototype, 'send', (send) =>
    function (...args) {
      const xhr = this as XMLHttpRequest;
      const start = Date.now();
      xhr.addEventListener('loadend', () => {
        const [method, url] = requests.get(xhr) ?? ['', ''];
        record(httpBreadcrumb('xhr', method, url, xhr.status, Date.now() - start));
      }, { once: true });
      return send.apply(this, args);
    },
  );
  return () => {
    closeOpen();
    closeSend();
  };
}
