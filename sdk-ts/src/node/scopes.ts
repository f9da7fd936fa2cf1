import { AsyncLocalStorage } from 'node:async_hooks';
import { Scope, type Scopes } from '../core/scope.js';

/** The current scope follows asynchronous calls: each request of a server may have its own. */
export class AsyncScopes implements Scopes {
  readonly #storage = new AsyncLocalStorage<Scope>();
  readonly #root = new Scope();

  current(): Scope {
    return this.#storage.getStore() ?? this.#root;
  }

  run<T>(scope: Scope, callback: () => T): T {
    return this.#storage.run(scope, callback);
  }
}
