/** `@errata/sdk/node`. */
import { scopes, setClient } from '../core/api.js';
import { Client } from '../core/client.js';
import { parseDsn } from '../core/dsn.js';
import type { Options } from '../core/options.js';
import { install } from './handlers.js';
import { nodePlatform } from './platform.js';
import { AsyncScopes } from './scopes.js';

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
const QUEUE_EVENTS = 1_000;

scopes(() => new AsyncScopes());

/** Starts the SDK. Without a DSN it does nothing; with a wrong one it says so on the console. Never throws. */
export function init(options: Options): void {
  try {
    setClient(undefined);
    if (!options.dsn) return;
    const dsn = parseDsn(options.dsn);
    if (typeof dsn === 'string') {
      console.error('[errata] not started:', dsn);
      return;
    }
    const client = new Client({
      options,
      platform: nodePlatform(dsn),
      scopes: scopes(),
      queueDefault: QUEUE_EVENTS,
    });
    install(client, options);
    setClient(client);
  } catch (error) {
    console.error('[errata] not started:', error);
  }
}
