import { expect, test } from 'vitest';
import type { Client } from '../src/core/client';
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
  expect(client.stats().queued).toBe(3);
  await world.pass(200);
  expect(sizes(world)).toEqual([3]);
  expect(messages(world)).toEqual(['message 0', 'message 1', 'message 2']);
  expect(client.stats()).toEqual({ captured: 3, sent: 3, unconfirmed: 0, queued: 0, dropped: {} });
});

test('a full batch goes at once, small ones keep their distance', async () => {
  const world = new World();
  const client = world.client({}, 1_000);
  capture(client, 120);
  await settle();
  expect(sizes(world)).toEqual([50, 50]);
  await world.pass(3_000);
  expect(sizes(world)).toEqual([50, 50]);
  await world.pass(1_100);
  expect(sizes(world)).toEqual([50, 50, 20]);
  expect(balance(client.stats())).toBe(true);
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
    client.captureMessage('big', { extra: Object.fromEntries(Array.from({ length: 20 }, (_, k) => [`k${k}`, 'x'.repeat(4_000)])) });
  }
  await world.pass(60_000);
  expect(world.requests.length).toBeGreaterThan(1);
  for (const events of world.requests) expect(JSON.stringify(events).length).toBeLessThan(530_000);
  expect(client.stats().sent).toBe(12);
});

test('an event too large is trimmed, and dropped when that is not enough', async () => {
  const world = new World();
  const client = world.client({
    beforeSend: (event) => ({ ...event, ...(event.level === 'error' ? { release: 'x'.repeat(300_000) } : { extra: { x: 'x'.repeat(300_000) } }) }),
  });
  client.captureMessage('trimmed');
  client.captureException(new Error('hopeless'));
  await world.pass(10_000);
  expect(messages(world)).toEqual(['trimmed']);
  expect(world.requests[0]?.[0]?.extra).toBeUndefined();
  expect(client.stats()).toMatchObject({ sent: 1, queued: 0, dropped: { too_large: 1 } });
});

test('a storm fills the queue, is counted, and the first errors win', async () => {
  const world = new World();
  world.answers = Array.from({ length: 3 }, () => 'offline');
  const client = world.client({ maxQueue: 10 });
  capture(client, 1_000);
  expect(client.stats()).toMatchObject({ captured: 1_000, queued: 10, dropped: { queue_full: 990 } });
  await world.pass(60_000);
  expect(client.stats()).toMatchObject({ sent: 10, queued: 0 });
  expect(messages(world).slice(-10)[0]).toBe('message 0');
  expect(balance(client.stats())).toBe(true);
});

test.each([
  ['offline', 'offline' as const, 'network'],
  ['502', { status: 502 }, 'overloaded'],
  ['429', { status: 429 }, 'rate_limited'],
  ['408', { status: 408 }, 'network'],
])('%s: retried with growing waits, then dropped', async (_name, answer, reason) => {
  const world = new World();
  world.answers = Array.from({ length: 10 }, () => answer);
  const client = world.client();
  capture(client, 1);
  const gaps: number[] = [];
  let last = world.nowMs;
  for (let i = 0; i < 600 && client.stats().queued; i++) {
    const before = world.requests.length;
    await world.pass(500);
    if (world.requests.length > before) {
      gaps.push(world.nowMs - last);
      last = world.nowMs;
    }
  }
  expect(world.requests).toHaveLength(10);
  expect(gaps.slice(-3).every((gap) => gap >= 45_000 && gap <= 60_500)).toBe(true);
  expect(client.stats()).toMatchObject({ sent: 0, queued: 0, dropped: { [reason]: 1 } });
});

test('an outage of some seconds loses nothing, and ids stay the same', async () => {
  const world = new World();
  world.answers = ['offline', { status: 503 }, 'offline'];
  const client = world.client();
  capture(client, 5);
  await world.pass(30_000);
  expect(client.stats()).toMatchObject({ sent: 5, queued: 0, dropped: {} });
  const ids = world.requests.map((events) => events.map((event) => event.id).join());
  expect(new Set(ids).size).toBe(1);
});

test.each([
  ['seconds', () => '30'],
  ['a date', (world: World) => new Date(world.nowMs + 31_000).toUTCString()],
])('Retry-After in %s is honoured, also by flush', async (_name, header) => {
  const world = new World();
  world.answers = [{ status: 429, retryAfter: header(world) }];
  const client = world.client();
  capture(client, 1);
  await world.pass(1_100);
  const flushed = client.flush(5_000);
  await world.pass(27_000);
  expect(await flushed).toBe(false);
  expect(world.requests).toHaveLength(1);
  await world.pass(5_000);
  expect(world.requests).toHaveLength(2);
  expect(client.stats().sent).toBe(1);
});

test('flush does not wait for our own back-off', async () => {
  const world = new World();
  world.answers = ['offline', 'offline', 'offline', 'offline'];
  const client = world.client();
  capture(client, 1);
  await world.pass(6_000);
  expect(client.stats().sent).toBe(0);
  const before = world.requests.length;
  void client.flush(1_000);
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
  expect(client.stats()).toEqual({ captured: 5, sent: 4, unconfirmed: 0, queued: 0, dropped: { too_large: 1 } });
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
  expect(client.stats().dropped).toEqual({ refused: 3 });
  expect(world.warnings).toHaveLength(1);
});

test('each item of a batch has its own fate', async () => {
  const world = new World();
  const error = (code: string): unknown => ({ error: { code, message: 'm', field: 'error.type' } });
  world.answers = [
    { body: JSON.stringify({ results: [{ id: 'a' }, error('invalid'), error('overloaded'), error('too_large'), { id: 'b' }] }) },
  ];
  const client = world.client();
  capture(client, 5);
  await world.pass(60_000);
  expect(sizes(world)).toEqual([5, 1]);
  expect(world.requests[1]?.[0]?.error?.message).toBe('message 2');
  expect(client.stats()).toEqual({ captured: 5, sent: 3, unconfirmed: 0, queued: 0, dropped: { rejected: 1, too_large: 1 } });
});

test('flush sends at once and tells whether all is gone', async () => {
  const world = new World();
  const client = world.client();
  expect(await client.flush(1)).toBe(true);
  capture(client, 70);
  const flushed = client.flush(1_000);
  await settle();
  expect(sizes(world)).toEqual([50, 20]);
  expect(await flushed).toBe(true);
});

test('close gives up after its time and takes no more', async () => {
  const world = new World();
  world.answers = Array.from({ length: 9 }, () => 'offline');
  const client = world.client();
  let cleaned = 0;
  client.onClose(() => cleaned++);
  client.onClose(() => {
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
  expect(client.stats()).toEqual({ captured: 3, sent: 0, unconfirmed: 0, queued: 0, dropped: { closed: 3 } });
});

test('a request under way when close gives up is still accounted for', async () => {
  const world = new World();
  let fail: () => void = () => undefined;
  Object.assign(world.platform, { send: () => new Promise((_resolve, reject) => { fail = () => { reject(new Error('late')); }; }) });
  const client = world.client();
  capture(client, 2);
  const closed = client.close(1_000);
  await world.pass(1_100);
  expect(await closed).toBe(false);
  expect(client.stats().queued).toBe(2);
  fail();
  await settle();
  expect(client.stats()).toMatchObject({ queued: 0, dropped: { closed: 2 } });
});

test('a page that goes away hands over what it holds, in bodies that fit', async () => {
  const world = new World();
  const client = world.client({}, 1_000);
  for (let i = 0; i < 30; i++) client.captureMessage(`${i}`, { extra: { text: 'ä'.repeat(4_000) } });
  const bodies: string[] = [];
  client.handOver(60_000, (body) => bodies.push(body) < 3);
  expect(bodies.length).toBeGreaterThan(2);
  for (const body of bodies) expect(new TextEncoder().encode(body).length).toBeLessThanOrEqual(60_000);
  const taken = bodies.slice(0, 2).map((body) => (JSON.parse(body) as { errors: unknown[] }).errors.length);
  expect(client.stats()).toMatchObject({ unconfirmed: taken[0]! + taken[1]!, dropped: {} });
  expect(balance(client.stats())).toBe(true);
  // The page came back: what the browser refused is sent after all.
  await world.pass(60_000);
  expect(client.stats()).toMatchObject({ sent: 30 - taken[0]! - taken[1]!, queued: 0 });
});

test('slow source lines do not hold an event for long', async () => {
  const world = new World();
  Object.assign(world.platform, { enrich: () => new Promise(() => undefined) });
  const client = world.client();
  capture(client, 1);
  await world.pass(5_000);
  expect(client.stats().sent).toBe(1);
});
