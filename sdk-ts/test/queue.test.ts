import { expect, test } from 'vitest';
import type { Client } from '../src/core/client';
import { SLICE_MS } from '../src/core/queue';
import { balance, settle, World } from './fakes';

function capture(client: Client, count: number): void {
  for (let i = 0; i < count; i++) client.captureMessage(`message ${i}`);
}

const sizes = (world: World): number[] => world.requests.map((events) => events.length);
const messages = (world: World): (string | undefined)[] => world.requests.flat().map((event) => event.error?.message);

test('events that come together travel together, after a short wait', async () => {
  const world = new World();
  const client = world.client();
  capture(client, 3);
  await world.pass(900);
  expect(world.requests).toEqual([]);
  expect(client.queue.snapshot().queued).toBe(3);
  await world.pass(200);
  expect(sizes(world)).toEqual([3]);
  expect(messages(world)).toEqual(['message 0', 'message 1', 'message 2']);
  expect(client.queue.snapshot()).toEqual({ captured: 3, sent: 3, unconfirmed: 0, queued: 0, dropped: {} });
});

test('a full batch goes at once, small ones keep their distance', async () => {
  const world = new World();
  const client = world.client({}, 1_000);
  capture(client, 120);
  await world.pass(1);
  expect(sizes(world)).toEqual([50, 50]);
  await world.pass(3_000);
  expect(sizes(world)).toEqual([50, 50]);
  await world.pass(1_100);
  expect(sizes(world)).toEqual([50, 50, 20]);
  expect(balance(client.queue.snapshot())).toBe(true);
});

test('a drizzle of errors stays below 20 requests a minute', async () => {
  const world = new World();
  const client = world.client();
  for (let second = 0; second < 60; second++) {
    capture(client, 1);
    await world.pass(1_000);
  }
  expect(world.requests.length).toBeLessThan(20);
  expect(world.requests.length).toBeGreaterThan(10);
});

test('large events make smaller batches', async () => {
  const world = new World();
  const client = world.client();
  for (let i = 0; i < 12; i++) {
    client.captureMessage(`big ${i}`, {
      extra: Object.fromEntries(Array.from({ length: 20 }, (_, k) => [`k${k}`, 'x'.repeat(4_000)])),
    });
  }
  await world.pass(60_000);
  expect(world.requests.length).toBeGreaterThan(1);
  for (const events of world.requests) expect(JSON.stringify(events).length).toBeLessThan(530_000);
  expect(client.queue.snapshot().sent).toBe(12);
});

test('an event too large is trimmed, and dropped when that is not enough', async () => {
  const world = new World();
  const client = world.client({
    beforeSend: (event) => ({
      ...event,
      ...(event.level === 'error' ? { release: 'x'.repeat(300_000) } : { extra: { x: 'x'.repeat(300_000) } }),
    }),
  });
  client.captureMessage('trimmed');
  client.captureException(new Error('hopeless'));
  await world.pass(10_000);
  expect(messages(world)).toEqual(['trimmed']);
  expect(world.requests[0]?.[0]?.extra).toBeUndefined();
  expect(client.queue.snapshot()).toMatchObject({ sent: 1, queued: 0, dropped: { too_large: 1 } });
});

test('a storm fills the queue, is counted, and the first errors win', async () => {
  const world = new World();
  world.answers = Array.from({ length: 3 }, () => 'offline');
  const client = world.client({ maxQueue: 10 });
  capture(client, 1_000);
  expect(client.queue.snapshot()).toMatchObject({ captured: 1_000, queued: 10, dropped: { queue_full: 990 } });
  await world.pass(60_000);
  expect(client.queue.snapshot()).toMatchObject({ sent: 10, queued: 0 });
  expect(messages(world).slice(-10)[0]).toBe('message 0');
  expect(balance(client.queue.snapshot())).toBe(true);
});

test.each([
  ['offline', 'offline' as const, 'network'],
  ['502', { status: 502 }, 'overloaded'],
  ['429', { status: 429 }, 'rate_limited'],
  ['408', { status: 408 }, 'network'],
])('%s: retried with growing waits, without a limit but a day', async (_name, answer, reason) => {
  const world = new World();
  world.answers = Array.from({ length: 5_000 }, () => answer);
  const client = world.client();
  capture(client, 1);
  const gaps: number[] = [];
  let last = world.elapsedMs;
  for (let i = 0; i < 1_200; i++) {
    const before = world.requests.length;
    await world.pass(500);
    if (world.requests.length > before) {
      gaps.push(world.elapsedMs - last);
      last = world.elapsedMs;
    }
  }
  expect(gaps.length).toBeGreaterThan(15);
  expect(gaps.slice(-3).every((gap) => gap >= 45_000 && gap <= 60_500)).toBe(true);
  await world.pass(23.5 * 3_600_000);
  expect(client.queue.snapshot()).toMatchObject({ sent: 0, queued: 1, dropped: {} });
  await world.pass(3_600_000);
  expect(client.queue.snapshot()).toMatchObject({ sent: 0, queued: 0, dropped: { [reason]: 1 } });
});

test.each([
  ['a login page', { status: 200, body: '<!doctype html><form>' }],
  ['an empty 200', { status: 200, body: '' }],
  ['JSON of somebody else', { status: 200, body: '{"ok":true}' }],
  ['JSON cut off', { status: 202, body: '{"results":[{"id":"a"},{"id":"b"' }],
  ['too few results', { status: 202, body: '{"results":[{"id":"a"}]}' }],
  ['results that are none', { status: 202, body: '{"results":[null,1]}' }],
  ['JSON null', { status: 200, body: 'null' }],
  ['204', { status: 204, body: '' }],
  ['a redirect', { status: 301, body: '', location: 'https://login.example/' }],
])('%s is no acknowledgement: sent again, and given up under its name', async (_name, answer) => {
  const world = new World();
  world.answers = Array.from({ length: 5 }, () => answer);
  const client = world.client();
  capture(client, 2);
  await world.pass(10_000);
  expect(client.queue.snapshot()).toMatchObject({ sent: 0, queued: 2 });
  await world.pass(60_000);
  expect(client.queue.snapshot()).toMatchObject({ sent: 2, queued: 0, dropped: {} });
  expect(new Set(messages(world)).size).toBe(2);
  expect(world.warnings).toHaveLength(1);

  world.answers = Array.from({ length: 500 }, () => answer);
  capture(client, 2);
  await world.pass(600_000);
  expect(client.queue.snapshot()).toMatchObject({ sent: 2, queued: 0, dropped: { unreadable_answer: 2 } });
  expect(balance(client.queue.snapshot())).toBe(true);
});

test.each([-3_600_000, 3_600_000, -365 * 86_400_000])('a wall clock set by %i ms changes no wait', async (jumpMs) => {
  const world = new World();
  const client = world.client();
  capture(client, 1);
  await world.pass(2_000);
  world.nowMs += jumpMs;
  capture(client, 1);
  world.answers = [{ status: 503 }];
  await world.pass(8_000);
  expect(client.queue.snapshot()).toMatchObject({ sent: 2, queued: 0 });
});

test('a timer that fired is believed, whatever the clock says', async () => {
  const world = new World();
  const client = world.client();
  capture(client, 1);
  await world.pass(1);
  const { elapsedMs } = world;
  Object.assign(world.platform, { elapsed: () => elapsedMs });
  await world.pass(2_000);
  expect(client.queue.snapshot().sent).toBe(1);
});

test('what comes back (network, page) wakes the queue at once, but not before the time a server named', async () => {
  const world = new World();
  world.answers = [
    'offline',
    'offline',
    'offline',
    'offline',
    'offline',
    'offline',
    { status: 503, retryAfterMs: 60_000 },
  ];
  const client = world.client();
  capture(client, 1);
  await world.pass(30_000);
  const before = world.requests.length;
  client.queue.hurry();
  await settle();
  expect(world.requests).toHaveLength(before + 1);
  while (world.answers.length) {
    client.queue.hurry();
    await settle();
  }
  const named = world.requests.length;
  client.queue.hurry();
  await world.pass(59_000);
  expect(world.requests).toHaveLength(named);
  await world.pass(2_000);
  expect(client.queue.snapshot().sent).toBe(1);
});

test.each([0, -5, NaN])('a Retry-After of %d ms does not make a tight loop', async (retryAfterMs) => {
  const world = new World();
  world.answers = Array.from({ length: 1_000 }, () => ({ status: 503, retryAfterMs }));
  capture(world.client(), 1);
  await world.pass(60_000);
  expect(world.requests.length).toBeLessThan(10);
});

test('an outage of some seconds loses nothing, and ids stay the same', async () => {
  const world = new World();
  world.answers = ['offline', { status: 503 }, 'offline'];
  const client = world.client();
  capture(client, 5);
  await world.pass(30_000);
  expect(client.queue.snapshot()).toMatchObject({ sent: 5, queued: 0, dropped: {} });
  const ids = world.requests.map((events) => events.map((event) => event.id).join());
  expect(new Set(ids).size).toBe(1);
});

test('Retry-After is honoured, also by flush', async () => {
  const world = new World();
  world.answers = [{ status: 429, retryAfterMs: 30_000 }];
  const client = world.client();
  capture(client, 1);
  await world.pass(1_100);
  const flushed = client.queue.flush(5_000);
  await world.pass(27_000);
  expect(await flushed).toBe(false);
  expect(world.requests).toHaveLength(1);
  await world.pass(5_000);
  expect(world.requests).toHaveLength(2);
  expect(client.queue.snapshot().sent).toBe(1);
});

test('flush does not wait for our own back-off', async () => {
  const world = new World();
  world.answers = ['offline', 'offline', 'offline', 'offline'];
  const client = world.client();
  capture(client, 1);
  await world.pass(6_000);
  expect(client.queue.snapshot().sent).toBe(0);
  const before = world.requests.length;
  void client.queue.flush(1_000);
  await settle();
  expect(world.requests.length).toBe(before + 1);
});

test('413 splits the batch until the one that is too large is alone', async () => {
  const world = new World();
  const client = world.client();
  const limit = (events: unknown[]): boolean => events.length > 1 || JSON.stringify(events).includes('message 2');
  const send = world.platform.send.bind(world.platform);
  Object.assign(world.platform, {
    send: async (body: string, attempt: number) => {
      const reply = await send(body, attempt);
      return limit((JSON.parse(body) as { errors: unknown[] }).errors) ? { ...reply, status: 413 } : reply;
    },
  });
  capture(client, 5);
  await world.pass(10_000);
  expect(client.queue.snapshot()).toEqual({
    captured: 5,
    sent: 4,
    unconfirmed: 0,
    queued: 0,
    dropped: { too_large: 1 },
  });
});

test.each([400, 401, 403, 404, 415])('%i is not retried, and said once', async (status) => {
  const world = new World();
  world.answers = [{ status }, { status }];
  const client = world.client();
  capture(client, 2);
  await world.pass(10_000);
  capture(client, 1);
  await world.pass(60_000);
  expect(sizes(world)).toEqual([2, 1]);
  expect(client.queue.snapshot().dropped).toEqual({ refused: 3 });
  expect(world.warnings).toHaveLength(1);
});

test('each item of a batch has its own fate', async () => {
  const world = new World();
  const error = (code: string): unknown => ({ error: { code, message: 'm', field: 'error.type' } });
  world.answers = [
    {
      body: JSON.stringify({
        results: [{ id: 'a' }, error('invalid'), error('overloaded'), error('too_large'), { id: 'b' }],
      }),
    },
  ];
  const client = world.client();
  capture(client, 5);
  await world.pass(60_000);
  expect(sizes(world)).toEqual([5, 1]);
  expect(world.requests[1]?.[0]?.error?.message).toBe('message 2');
  expect(client.queue.snapshot()).toEqual({
    captured: 5,
    sent: 3,
    unconfirmed: 0,
    queued: 0,
    dropped: { rejected: 1, too_large: 1 },
  });
});

test('flush sends at once and tells whether all is gone', async () => {
  const world = new World();
  const client = world.client();
  expect(await client.queue.flush(1)).toBe(true);
  capture(client, 70);
  const flushed = client.queue.flush(1_000);
  await world.pass(1);
  expect(sizes(world)).toEqual([50, 20]);
  expect(await flushed).toBe(true);
});

test('close gives up after its time and takes no more', async () => {
  const world = new World();
  world.answers = Array.from({ length: 9 }, () => 'offline');
  const client = world.client();
  let cleaned = 0;
  client.hook(() => () => cleaned++);
  client.hook(() => () => {
    throw new Error('a broken hook');
  });
  capture(client, 2);
  const closed = client.close(2_000);
  await world.pass(2_100);
  expect(await closed).toBe(false);
  expect(cleaned).toBe(1);
  expect(client.captureMessage('late')).toBe('');
  const requests = world.requests.length;
  await world.pass(600_000);
  expect(world.requests).toHaveLength(requests);
  expect(client.queue.snapshot()).toEqual({ captured: 3, sent: 0, unconfirmed: 0, queued: 0, dropped: { closed: 3 } });
});

test('a request under way when close gives up is still accounted for', async () => {
  const world = new World();
  let fail: () => void = () => undefined;
  Object.assign(world.platform, {
    send: () =>
      new Promise((_resolve, reject) => {
        fail = () => {
          reject(new Error('late'));
        };
      }),
  });
  const client = world.client();
  capture(client, 2);
  const closed = client.close(1_000);
  await world.pass(1_100);
  expect(await closed).toBe(false);
  expect(client.queue.snapshot().queued).toBe(2);
  fail();
  await settle();
  expect(client.queue.snapshot()).toMatchObject({ queued: 0, dropped: { closed: 2 } });
});

test('a page that goes away hands over what it holds, in bodies that fit, and keeps it until it is confirmed', async () => {
  const world = new World();
  const client = world.client({}, 1_000);
  for (let i = 0; i < 30; i++) client.captureMessage(`${i}`, { extra: { text: 'ä'.repeat(4_000) } });
  const bodies: string[] = [];
  client.queue.handOver(60_000, (body) => bodies.push(body) < 3, true);
  expect(bodies.length).toBeGreaterThan(2);
  for (const body of bodies) expect(new TextEncoder().encode(body).length).toBeLessThanOrEqual(60_000);
  const taken = bodies.slice(0, 2).map((body) => (JSON.parse(body) as { errors: unknown[] }).errors.length);
  const unconfirmed = taken[0]! + taken[1]!;
  expect(client.queue.snapshot()).toMatchObject({ unconfirmed, queued: 30 - unconfirmed, dropped: {} });
  expect(balance(client.queue.snapshot())).toBe(true);
  // Nothing is handed over twice.
  bodies.length = 0;
  client.queue.handOver(60_000, (body) => bodies.push(body) < 0, true);
  expect(bodies.flatMap((body) => (JSON.parse(body) as { errors: unknown[] }).errors)).toHaveLength(30 - unconfirmed);
  // The page lives on while the server is away, and comes back.
  world.answers = ['offline', 'offline'];
  await world.pass(60_000);
  expect(client.queue.snapshot()).toMatchObject({ sent: 30, unconfirmed: 0, queued: 0 });
});

test('a hidden page gives nothing away while the server does not answer', async () => {
  const world = new World();
  world.answers = Array.from({ length: 4 }, () => 'offline');
  const client = world.client();
  capture(client, 5);
  await world.pass(3_000);
  const bodies: string[] = [];
  client.queue.handOver(60_000, (body) => bodies.push(body) > 0, false);
  expect(bodies).toEqual([]);
  client.queue.handOver(60_000, (body) => bodies.push(body) > 0, true);
  expect(bodies).toHaveLength(1);
  await world.pass(60_000);
  expect(client.queue.snapshot()).toMatchObject({ sent: 5, unconfirmed: 0, queued: 0 });
});

test('a storm leaves room for the rare error', async () => {
  const world = new World();
  world.answers = ['offline', 'offline'];
  const client = world.client({ maxQueue: 100 });
  const place = (name: string): Error =>
    Object.assign(new Error(name), { stack: `Error: ${name}\n    at ${name.replace(/\d/g, '')} (/a.js:1:1)` });
  for (let i = 0; i < 500; i++) client.captureException(place(`common${i}`));
  for (const name of ['rare', 'other']) client.captureException(place(name));
  client.captureMessage('and a message');
  await world.pass(30_000);
  for (let i = 0; i < 5; i++) await world.pass(10_000);
  const sent = new Set(messages(world));
  expect(sent).toContain('rare');
  expect(sent).toContain('other');
  expect(sent).toContain('and a message');
  expect(sent).toContain('common0');
  expect(client.queue.snapshot()).toMatchObject({ captured: 503, sent: 100, dropped: { queue_full: 403 } });
});

test('large events are bounded by bytes, whatever their number', async () => {
  const world = new World();
  world.answers = Array.from({ length: 50 }, () => 'offline');
  const client = world.client({
    maxQueue: 1_000,
    beforeSend: (event) => ({ ...event, extra: { big: 'x'.repeat(200_000) } }),
  });
  capture(client, 200);
  await world.pass(100);
  expect(client.queue.snapshot().queued).toBeLessThan(43);
  expect(client.queue.snapshot().dropped.queue_full).toBeGreaterThan(150);
  expect(balance(client.queue.snapshot())).toBe(true);
});

test('events are prepared in slices, between which the application runs', async () => {
  const world = new World();
  const slices: number[] = [];
  const setTimer = world.platform.setTimer.bind(world.platform);
  Object.assign(world.platform, {
    // One event takes a millisecond.
    enrich: () => {
      world.elapsedMs++;
      slices.push(slices.pop()! + 1);
    },
    setTimer: (callback: () => void, delayMs: number) =>
      setTimer(() => {
        slices.push(0);
        callback();
      }, delayMs),
  });
  const client = world.client({}, 1_000);
  capture(client, 1_000);
  expect(slices).toEqual([]);
  await world.pass(60_000);
  expect(client.queue.snapshot().sent).toBe(1_000);
  expect(slices.reduce((sum, count) => sum + count)).toBe(1_000);
  expect(Math.max(...slices)).toBeLessThanOrEqual(SLICE_MS);
});
