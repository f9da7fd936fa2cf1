import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { makeScope, type ScopeData, type Scopes } from '../core/scope.js';

/** Node says here that a request came in, before any handler sees it: HTTP/1.1, and HTTP/2 where Node tells of it. */
const REQUEST_STARTS = ['http.server.request.start', 'http2.server.stream.start'];

export interface AsyncScopes extends Scopes {
  /**
   * Gives each request of a server its own scope from here on. It starts as a copy of what
   * is set outside of requests, never of the request before it on the same connection.
   * Answers how to end that.
   */
  isolateRequests: () => () => void;
}

/** The current scope follows asynchronous calls. */
export function asyncScopes(): AsyncScopes {
  const storage = new AsyncLocalStorage<ScopeData>();
  const root = makeScope();
  return {
    current: () => storage.getStore() ?? root,
    run: (scope, callback) => storage.run(scope, callback),
    isolateRequests() {
      const enter = (): void => {
        storage.enterWith(root.fork());
      };
      for (const name of REQUEST_STARTS) subscribe(name, enter);
      return () => {
        for (const name of REQUEST_STARTS) unsubscribe(name, enter);
      };
    },
  };
}
