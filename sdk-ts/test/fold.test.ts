/** Equal errors become one event with a count; what is dropped is told to the server. */
import { expect, test } from 'vitest';
import type { Client } from '../src/core/client';
import type { Options } from '../src/core/options';
import { balance, World } from './fakes';

const at = (message: string, line = 1, name = 'Error'): Error =>
  Object.assign(new Error(message), { name, stack: `${name}: ${message}\n    at f (/a.js:${line}:1)` });
const counts = (world: World): [string | undefined, number][] =>
  world.requests.flat().map(({ error, count }) => [error?.message, count ?? 1]);

test('a loop that throws the same error costs the rest nothing, and the server sees how many', async () => {
  const world = new World();
  const client = world.client({ maxQueue: 2 });
  const ids = new Set<string>();
  for (let i = 0; i < 10_000; i++) ids.add(client.captureException(at('same')));
  client.captureException(at('rare', 2));
  expect(ids.size).toBe(1);
  expect(client.queue.snapshot()).toMatchObject({ captured: 10_001, queued: 10_001, dropped: {} });
  await world.pass(2_000);
  expect(counts(world)).toEqual([
    ['same', 10_000],
    ['rare', 1],
  ]);
  expect([...ids]).toEqual([world.requests[0]![0]!.id]);
  expect(client.queue.snapshot()).toEqual({ captured: 10_001, sent: 10_001, unconfirmed: 0, queued: 0, dropped: {} });
});

test('a storm that goes on is an event for each request, and no error is missing', async () => {
  const world = new World();
  world.answers = [{}, 'offline', { status: 503 }];
  const client = world.client();
  for (let i = 0; i < 600; i++) {
    client.captureException(at('same'));
    await world.pass(50);
  }
  await world.pass(60_000);
  const sent = new Map(world.requests.flat().map(({ id, count }) => [id, count ?? 1]));
  expect([...sent.values()].reduce((sum, count) => sum + count)).toBe(600);
  expect(sent.size).toBeLessThan(12);
  // A request that may have arrived says the same when it comes again.
  for (const events of world.requests) for (const { id, count } of events) expect(sent.get(id)).toBe(count ?? 1);
  expect(client.queue.snapshot()).toMatchObject({ sent: 600, queued: 0 });
});

const twice =
  (act: (client: Client) => void) =>
  (client: Client): void => {
    act(client);
    act(client);
  };
test.each<[string, (client: Client) => void, number]>([
  [
    'the same error',
    twice((c) => {
      c.captureException(at('a'));
    }),
    1,
  ],
  [
    'the same message',
    twice((c) => {
      c.captureMessage('a');
    }),
    1,
  ],
  [
    'the same text thrown',
    twice((c) => {
      c.captureException('a');
    }),
    1,
  ],
  [
    'the same with the same hint',
    twice((c) => {
      c.captureException(at('a'), { tags: { job: 1 } });
    }),
    1,
  ],
  [
    'another message',
    (c) => {
      c.captureException(at('a'));
      c.captureException(at('b'));
    },
    2,
  ],
  [
    'a message that goes on differently',
    (c) => {
      for (const end of 'ab') c.captureException(at('x'.repeat(1_000) + end));
    },
    2,
  ],
  [
    'another type',
    (c) => {
      c.captureException(at('a'));
      c.captureException(at('a', 1, 'TypeError'));
    },
    2,
  ],
  [
    'another place',
    (c) => {
      c.captureException(at('a'));
      c.captureException(at('a', 2));
    },
    2,
  ],
  [
    'a message beside an error',
    (c) => {
      c.captureException('a');
      c.captureMessage('a');
    },
    2,
  ],
  [
    'another level',
    (c) => {
      c.captureMessage('a');
      c.captureMessage('a', { level: 'error' });
    },
    2,
  ],
  [
    'not caught beside caught',
    (c) => {
      c.captureException(at('a'));
      c.captureException(at('a'), undefined, { mechanism: 'onerror', handled: false });
    },
    2,
  ],
  [
    'another fingerprint',
    (c) => {
      for (const part of 'ab') c.captureException(at('x'), { fingerprint: [part] });
    },
    2,
  ],
  [
    'other extras',
    (c) => {
      for (const part of 'ab') c.captureException(at('x'), { extra: { part } });
    },
    2,
  ],
  [
    'objects that say nothing',
    (c) => {
      c.captureException({ code: 1 });
      c.captureException({ code: 2 });
    },
    2,
  ],
])('%s', async (_name, act, events) => {
  const world = new World();
  const client = world.client();
  act(client);
  await world.pass(10_000);
  expect(world.requests.flat()).toHaveLength(events);
  expect(client.queue.snapshot()).toMatchObject({ captured: 2, sent: 2, dropped: {} });
});

test.each<
  [
    string,
    (scope: {
      setUser: (user: { id: string } | null) => void;
      setTag: (key: string, value: unknown) => void;
      setFingerprint: (parts: string[]) => void;
      setExtra: (key: string, value: unknown) => void;
    }) => void,
    number,
  ]
>([
  [
    'another user',
    (scope) => {
      scope.setUser({ id: 'b' });
    },
    2,
  ],
  [
    'another tag',
    (scope) => {
      scope.setTag('tenant', 'b');
    },
    2,
  ],
  [
    'another group',
    (scope) => {
      scope.setFingerprint(['b']);
    },
    2,
  ],
  [
    'another extra',
    (scope) => {
      scope.setExtra('step', 'b');
    },
    1,
  ],
])('%s in the scope: %i events', async (_name, change, events) => {
  const { stackScopes } = await import('../src/core/scope');
  const { makeClient } = await import('../src/core/client');
  const world = new World();
  const scopes = stackScopes();
  const client = makeClient({}, world.platform, scopes, 10);
  client.captureException(at('same'));
  change(scopes.current());
  client.captureException(at('same'));
  await world.pass(10_000);
  expect(world.requests.flat()).toHaveLength(events);
});

test.each<[string, Options, object]>([
  ['null', { beforeSend: () => null }, { before_send: 3 }],
  ['late null', { beforeSend: () => Promise.resolve(null) }, { before_send: 3 }],
  [
    'throws',
    {
      beforeSend: () => {
        throw new Error('no');
      },
    },
    { before_send_failed: 3 },
  ],
])('what beforeSend drops (%s) is dropped with all that it stands for', async (_name, options, dropped) => {
  const world = new World();
  const client = world.client(options);
  for (let i = 0; i < 3; i++) client.captureException(at('same'));
  await world.pass(60_000);
  expect(client.queue.snapshot()).toMatchObject({ captured: 3, sent: 0, queued: 0, dropped });
  expect(balance(client.queue.snapshot())).toBe(true);
});

test('an error that was folded in is known when it is thrown again', async () => {
  const world = new World();
  const client = world.client();
  const second = at('same');
  const id = client.captureException(at('same'));
  expect(client.captureException(second)).toBe(id);
  await world.pass(10_000);
  expect(client.captureException(second)).toBe(id);
  expect(client.queue.snapshot()).toMatchObject({ sent: 2, dropped: { duplicate: 1 } });
});

test('the server is told of each drop once, by the next request that it acknowledges', async () => {
  const world = new World();
  world.answers = ['offline', { status: 503 }, { status: 200, body: '<!doctype html>' }];
  const client = world.client({ maxQueue: 3 });
  for (let i = 0; i < 10; i++) client.captureMessage(`no ${'x'.repeat(i)}`);
  const known = new Error('twice');
  await world.pass(60_000);
  expect(world.discarded.slice(0, 4)).toEqual(Array.from({ length: 4 }, () => [{ reason: 'queue_full', quantity: 7 }]));
  client.captureException(known);
  client.captureException(known);
  await world.pass(60_000);
  client.captureMessage('nothing new');
  await world.pass(60_000);
  expect(world.discarded.slice(4)).toEqual([[{ reason: 'duplicate', quantity: 1 }], []]);
});

test('what is dropped while a request is under way is told by the next', async () => {
  const world = new World();
  const client = world.client();
  const send = world.platform.send.bind(world.platform);
  const known = new Error('twice');
  Object.assign(world.platform, {
    send: (body: string, failures: number) => {
      client.captureException(known);
      return send(body, failures);
    },
  });
  client.captureException(known);
  await world.pass(10_000);
  client.captureMessage('next');
  await world.pass(10_000);
  expect(world.discarded).toEqual([[], [{ reason: 'duplicate', quantity: 1 }]]);
});
