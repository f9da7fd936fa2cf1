/** `@errata/sdk/node`. */
import { scopes, setClient } from '../core/api';
import { Client } from '../core/client';
import { parseDsn } from '../core/dsn';
import type { Options } from '../core/options';
import { install } from './handlers';
import { nodePlatform } from './platform';
import { AsyncScopes } from './scopes';

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
} from '../core/api';
export type { Hint } from '../core/client';
export type { Options } from '../core/options';
export type { Breadcrumb, Scope, User } from '../core/scope';
export type { DropReason, Stats } from '../core/stats';
export type { Level, WireEvent } from '../core/wire';

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
      console.error(`[errata] not started: ${dsn}`);
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
