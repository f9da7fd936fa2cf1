/**
 * What happens to a process: errors nobody caught, its end. Node stays Node: we listen
 * where listening changes nothing, so that what Node prints, its exit code, the `error`
 * event of a worker and the application's own listeners are as without us.
 */
import type { Client } from '../core/client.js';
import { patch, watchConsole, watchFetch } from '../core/hooks.js';
import type { Options } from '../core/options.js';
import { BATCH_BYTES_MAX } from '../core/queue.js';
import { get, getString } from '../core/safe.js';
import { lastWords, type LastWords } from './last_words.js';
import type { NodePlatform } from './platform.js';
import { show } from './show.js';

/** How long an ending process waits for its last events. */
const LAST_MS_MAX = 2_000;

/** Listens until `close`. */
export function install(
  client: Client,
  options: Options,
  platform: NodePlatform,
  isolateRequests: (() => () => void) | undefined,
): void {
  if (isolateRequests) client.hook(isolateRequests);
  if (options.globalHandlers !== false) watchProcess(client, platform);
  const record = client.addBreadcrumb;
  if (options.consoleBreadcrumbs !== false) client.hook(() => watchConsole(console, record, show));
  if (options.httpBreadcrumbs !== false) client.hook(() => watchFetch(globalThis, platform.elapsed, record));
  client.hook(() => watchEnd(client, platform));
}

/** Our timers and sockets do not keep a process alive, so its natural end waits for the queue, once. */
function watchEnd(client: Client, platform: NodePlatform): () => void {
  let left = LAST_MS_MAX;
  const onEnd = (): void => {
    if (left <= 0) return;
    const start = platform.elapsed();
    void client.queue.flush(left).then((all) => {
      left -= platform.elapsed() - start;
      // A connection that is still being made would hold the process.
      if (!all) platform.hangUp();
    });
  };
  process.on('beforeExit', onEnd);
  return () => {
    process.off('beforeExit', onEnd);
  };
}

function watchProcess(client: Client, platform: NodePlatform): void {
  /** The rejection of this turn: Node may show it in two places. */
  let rejection: { reason: unknown } | undefined;
  const onRejection = (reason: unknown): void => {
    rejection = { reason };
    setImmediate(() => {
      rejection = undefined;
    }).unref();
    client.captureException(reason, undefined, { mechanism: 'onunhandledrejection', handled: false });
  };

  client.hook(() => {
    const onException = (thrown: unknown, origin: string): void => {
      if (origin !== 'unhandledRejection') {
        client.captureException(thrown, undefined, { mechanism: 'onuncaughtexception', handled: false });
      } else if (!rejection) onRejection(unwrapped(thrown));
      if (process.listenerCount('uncaughtException') === 0 && !process.hasUncaughtExceptionCaptureCallback()) {
        sayLastWords(client, platform);
      }
    };
    process.on('uncaughtExceptionMonitor', onException);
    return () => {
      process.off('uncaughtExceptionMonitor', onException);
    };
  });

  // A listener would switch off Node's own answer to a rejection. So we see it being emitted.
  client.hook(() =>
    patch(
      process,
      'emit',
      (emit) =>
        function (...args) {
          const [event, reason] = args;
          // With --unhandled-rejections=strict the monitor above saw it before.
          if (event === 'unhandledRejection' && !(rejection && Object.is(rejection.reason, reason)))
            onRejection(reason);
          return emit.apply(this, args);
        },
    ),
  );
}

/** Node wraps a reason that is no error. */
function unwrapped(thrown: unknown): unknown {
  if (get(thrown, 'code') !== 'ERR_UNHANDLED_REJECTION') return thrown;
  return /reason "(.*)"\.$/s.exec(getString(thrown, 'message', 10_000) ?? '')?.[1] ?? thrown;
}

/** Node ends the process when the handlers of this error have returned. */
function sayLastWords(client: Client, platform: NodePlatform): void {
  let words: LastWords | undefined;
  try {
    const send = (body: string): boolean => (words ??= lastWords(platform.dsn, LAST_MS_MAX)).send(body);
    client.queue.handOver(BATCH_BYTES_MAX, send, true);
  } catch {
    // No threads to be had: the error is printed at least, as always.
  }
  words?.end();
}
