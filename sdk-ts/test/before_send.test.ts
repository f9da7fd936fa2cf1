/** `beforeSend` sees a copy, cannot recurse, may be slow, and may add anything. */
import { expect, test } from 'vitest';
import type { Client } from '../src/core/client';
import type { Options } from '../src/core/options';
import { makeScope, stackScopes } from '../src/core/scope';
import { makeClient } from '../src/core/client';
import { asyncScopes } from '../src/node/scopes';
import type { WireEvent } from '../src/core/wire';
import { balance, eventOf, World } from './fakes';

/** What is sent and dropped of what `act` captures. */
async function outcome(
  beforeSend: unknown,
  act: (client: Client) => void,
  scopes = stackScopes(),
): Promise<{ events: WireEvent[]; dropped: object; captured: number }> {
  const world = new World();
  const client = makeClient({ beforeSend } as Options, world.platform, scopes, 100);
  act(client);
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    await world.pass(5_000);
  }
  const stats = client.queue.snapshot();
  expect(balance(stats)).toBe(true);
  expect(stats.queued).toBe(0);
  return { events: world.requests.flat(), dropped: stats.dropped, captured: stats.captured };
}

const once = (client: Client): void => void client.captureException(new Error('x'));

test('what it deletes of one event stays for the next', async () => {
  const scopes = stackScopes();
  const scope = scopes.current();
  scope.setUser({ id: 1, email: 'a@example.com' });
  scope.setContext('order', { card: '4111', total: 5 });
  scope.setExtra('deep', { secret: { token: 't' } });
  scope.addBreadcrumb({ message: 'step', data: { password: 'p' } });
  let count = 0;
  const redact = (event: WireEvent): WireEvent => {
    if (count++) return event;
    delete event.user?.email;
    delete (event.context!.state!['order'] as Record<string, unknown>)['card'];
    (event.extra!['deep'] as Record<string, unknown>)['secret'] = 'gone';
    event.context!.breadcrumbs![0]!.data = {};
    return event;
  };
  const { events } = await outcome(
    redact,
    (client) => {
      once(client);
      once(client);
    },
    scopes,
  );
  expect(events[0]).toMatchObject({
    user: { id: '1' },
    context: { state: { order: { total: 5 } } },
    extra: { deep: { secret: 'gone' } },
  });
  expect(events[0]?.user?.email).toBeUndefined();
  expect(events[1]).toMatchObject({
    user: { id: '1', email: 'a@example.com' },
    extra: { deep: { secret: { token: 't' } } },
  });
  expect(events[1]?.context).toMatchObject({
    state: { order: { card: '4111', total: 5 } },
    breadcrumbs: [{ message: 'step', data: { password: 'p' } }],
  });
});

test.each([
  [
    'at once',
    stackScopes,
    (client: () => Client) => (event: WireEvent) => {
      once(client());
      client().captureMessage('again');
      return event;
    },
    2,
  ],
  [
    'and throws',
    stackScopes,
    (client: () => Client) => () => {
      once(client());
      throw new Error('y');
    },
    1,
  ],
  [
    'after an await',
    asyncScopes,
    (client: () => Client) => async (event: WireEvent) => {
      await Promise.resolve();
      once(client());
      return event;
    },
    1,
  ],
])('captured in it (%s) is refused and counted', async (name, scopes, make, inside) => {
  let client: Client | undefined;
  const { events, dropped, captured } = await outcome(
    make(() => client!),
    (made) => {
      client = made;
      once(made);
    },
    scopes(),
  );
  expect(captured).toBe(1 + inside);
  expect(dropped).toMatchObject({ inside_before_send: inside });
  expect(events).toHaveLength(name === 'and throws' ? 0 : 1);
});

test.each<[string, unknown, Partial<WireEvent>[], object]>([
  [
    'an answer',
    async (event: WireEvent) => {
      await Promise.resolve();
      return { ...event, release: 'late' };
    },
    [{ release: 'late' }],
    {},
  ],
  ['null', () => Promise.resolve(null), [], { before_send: 1 }],
  ['a rejection', () => Promise.reject(new Error('no')), [], { before_send_failed: 1 }],
  ['nothing, ever', () => new Promise(() => undefined), [], { before_send_failed: 1 }],
  [
    'a thenable',
    (event: WireEvent) => ({
      then: (done: (e: WireEvent) => void) => {
        done(event);
      },
    }),
    [{ level: 'error' }],
    {},
  ],
  [
    'a thenable that throws',
    () => ({
      then: () => {
        throw new Error('no');
      },
    }),
    [],
    { before_send_failed: 1 },
  ],
  ['a list', () => [1], [], { before_send_failed: 1 }],
])('%s of an asynchronous one is waited for', async (_name, beforeSend, expected, dropped) => {
  const result = await outcome(beforeSend, once);
  expect(result.events).toMatchObject(expected);
  expect(result.events).toHaveLength(expected.length);
  expect(result.dropped).toEqual(dropped);
});

const cycle: Record<string, unknown> = { name: 'cycle' };
cycle['self'] = cycle;
test.each<[string, (event: WireEvent) => void, Partial<WireEvent>]>([
  [
    'a BigInt',
    (event) => {
      (event as Record<string, unknown>)['extra'] = { big: 10n };
    },
    { extra: { big: '10' } },
  ],
  [
    'a cycle',
    (event) => {
      (event as Record<string, unknown>)['extra'] = cycle;
    },
    { extra: { name: 'cycle', self: '[Circular]' } },
  ],
  [
    'a getter that throws',
    (event) => {
      event.extra = Object.defineProperty({}, 'bad', {
        get: () => {
          throw new Error('no');
        },
        enumerable: true,
      });
    },
    { extra: { bad: '[unreadable]' } },
  ],
  [
    'a toJSON that throws',
    (event) => {
      (event as Record<string, unknown>)['extra'] = {
        toJSON: () => {
          throw new Error('no');
        },
        a: 1,
      };
    },
    {},
  ],
  [
    'a getter of the event',
    (event) => {
      Object.defineProperty(event, 'release', {
        get: () => {
          throw new Error('no');
        },
        enumerable: true,
      });
    },
    { level: 'error' },
  ],
  [
    'a frozen event',
    (event) => {
      Object.freeze(event);
    },
    { level: 'error' },
  ],
  [
    'no id',
    (event) => {
      delete event.id;
    },
    { level: 'error' },
  ],
])('%s added by it loses no event', async (_name, change, expected) => {
  const { events, dropped } = await outcome((event: WireEvent) => {
    change(event);
    return event;
  }, once);
  expect(dropped).toEqual({});
  expect(events).toMatchObject([expected]);
  expect(events[0]?.id).toMatch(/^[0-9a-f]{32}$/);
  expect(events[0]?.error).toMatchObject({ type: 'Error', message: 'x' });
  expect(events[0]?.error?.frames?.length).toBeGreaterThan(3);
});

test('a scope of one’s own keeps time and bound of breadcrumbs', async () => {
  const scope = makeScope();
  for (let i = 0; i < 500; i++) scope.addBreadcrumb({ message: `${i}` });
  const event: WireEvent = {};
  scope.applyTo(event, 50);
  expect(event.context?.breadcrumbs).toHaveLength(50);
  expect(event.context?.breadcrumbs?.every((crumb) => crumb.timestamp !== undefined)).toBe(true);
  expect(event.context?.breadcrumbs?.at(-1)?.message).toBe('499');
  expect(await eventOf((client) => client.captureMessage('x'), { maxBreadcrumbs: 0 })).not.toHaveProperty(
    'context.breadcrumbs',
  );
});
