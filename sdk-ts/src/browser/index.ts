/** `@errata/sdk/browser`. */
import { scopes, setClient } from '../core/api.js';
import { makeClient } from '../core/client.js';
import { parseDsn } from '../core/dsn.js';
import type { Options } from '../core/options.js';
import { install } from './handlers.js';
import { batchUrl, browserPlatform } from './platform.js';

export {
  addBreadcrumb,
  captureException,
  captureMessage,
  close,
  flush,
  setContext,
  setExtra,
  setTag,
  setTags,
  setUser,
  stats,
  withScope,
} from '../core/api.js';
export type { Hint } from '../core/client.js';
export type { Options } from '../core/options.js';
export type { Breadcrumb, Scope, User } from '../core/scope.js';
export type { DropReason, Stats } from '../core/stats.js';
export type { Level, WireEvent } from '../core/wire.js';

/** Events kept while the server cannot be reached. */
const QUEUE_EVENTS = 100;

/** Starts the SDK. Without a DSN it does nothing; with a wrong one it says so on the console. Never throws. */
export function init(options: Options): void {
  try {
    setClient(undefined);
    if (!options.dsn) return;
    const dsn = parseDsn(options.dsn);
    const url = batchUrl(dsn);
    const client = makeClient(options, browserPlatform(url), scopes(), QUEUE_EVENTS);
    // First, so that errors are taken whatever becomes of the hooks.
    setClient(client);
    install(client, options, url);
  } catch (error) {
    console.error('[errata] not started:', error);
  }
}
