/**
 * What happens to a process: errors nobody caught, its end. Node's own
 * behaviour stays: an uncaught error is printed and ends the process with code
 * 1 (after a bounded flush), unless the application listens itself.
 */
import { inspect } from 'node:util';
import type { Client } from '../core/client.js';
import { watchConsole, watchFetch } from '../core/hooks.js';
import type { Options } from '../core/options.js';
import { get } from '../core/safe.js';

/** How long a dying process waits for its last events. */
const LAST_FLUSH_MS = 2_000;

interface Emitter {
  emit(event: string, ...args: unknown[]): boolean;
}

type RejectionMode = 'throw' | 'warn' | 'none';

/** Listens until `close`. */
export function install(client: Client, options: Options): void {
  if (options.globalHandlers !== false) watchProcess(client);
  const record = client.addBreadcrumb.bind(client);
  if (options.consoleBreadcrumbs !== false) client.onClose(watchConsole(console, record));
  if (options.httpBreadcrumbs !== false) client.onClose(watchFetch(globalThis, Date.now, record));
  // Our timers do not keep a process alive, so its natural end must wait for the queue, once.
  const onEnd = (): void => { void client.flush(LAST_FLUSH_MS); };
  process.once('beforeExit', onEnd);
  client.onClose(() => { process.off('beforeExit', onEnd); });
}

function watchProcess(client: Client): void {
  let last: { thrown: unknown } | undefined;
  let dying = false;

  const capture = (thrown: unknown, mechanism: string): void => {
    // An unhandled rejection may pass both listeners.
    if (last && Object.is(last.thrown, thrown)) return;
    last = { thrown };
    client.captureException(thrown, undefined, { mechanism, handled: false });
  };

  const die = (thrown: unknown): void => {
    print(thrown);
    if (dying) return;
    dying = true;
    const exit = (): void => { process.exit(1); };
    // Not at once: Node may still report other errors of this turn.
    setImmediate(() => { client.flush(LAST_FLUSH_MS).then(exit, exit); });
  };

  const onException = (thrown: unknown, origin: string): void => {
    // Node's wrapper around a rejection that is no error; the other listener gets the value itself.
    const wrapped = get(thrown, 'code') === 'ERR_UNHANDLED_REJECTION';
    if (!wrapped) {
      capture(thrown, origin === 'unhandledRejection' ? 'onunhandledrejection' : 'onuncaughtexception');
    }
    if (process.listenerCount('uncaughtException') === 1) die(thrown);
    else last = undefined;
  };

  const onRejection = (reason: unknown): void => {
    capture(reason, 'onunhandledrejection');
    // Listening for rejections switches Node's own answer off; without another listener we give it.
    const mode = process.listenerCount('unhandledRejection') === 1 ? rejectionMode() : 'none';
    if (mode === 'throw' && process.listenerCount('uncaughtException') > 1) {
      // The types of `process.emit` do not know that an error may be any value.
      (process as Emitter).emit('uncaughtException', reason, 'unhandledRejection');
    } else if (mode === 'throw') die(reason);
    else {
      last = undefined;
      if (mode === 'warn') print(reason);
    }
  };

  process.on('uncaughtException', onException);
  process.on('unhandledRejection', onRejection);
  client.onClose(() => {
    process.off('uncaughtException', onException);
    process.off('unhandledRejection', onRejection);
  });
}

function rejectionMode(): RejectionMode {
  const flags = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)].join('=');
  const mode = /--unhandled-rejections=(\w[\w-]*)/.exec(flags)?.[1] ?? 'throw';
  return mode === 'none' ? 'none' : mode.startsWith('warn') ? 'warn' : 'throw';
}

function print(thrown: unknown): void {
  let text = 'an error that cannot be printed';
  try {
    text = inspect(thrown);
  } catch {
    // The text above then.
  }
  process.stderr.write(`Uncaught ${text}\n\nNode.js ${process.version}\n`);
}
