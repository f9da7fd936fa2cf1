import { expect, test } from 'vitest';
import { cut, toJson } from '../src/core/safe';
import { balance, eventOf, World } from './fakes';

const thrower = (): never => {
  throw new Error('gotcha');
};
const circular: Record<string, unknown> = { name: 'loop' };
circular['self'] = circular;
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const evilProxy = new Proxy({}, { get: thrower, ownKeys: thrower, getPrototypeOf: thrower, has: thrower });
const evilError = new Error('x');
for (const key of ['stack', 'name', 'message', 'cause', 'constructor']) {
  Object.defineProperty(evilError, key, { get: thrower });
}

const HOSTILE = new Map<string, unknown>([
  ['undefined', undefined],
  ['null', null],
  ['a string', 'boom'],
  ['a number', 42],
  ['NaN', NaN],
  ['a bigint', 10n],
  ['a symbol', Symbol('s')],
  ['a function', thrower],
  ['an empty object', {}],
  ['an object without a prototype', Object.create(null)],
  ['a circular object', circular],
  [
    'getters that throw',
    {
      get a() {
        return thrower();
      },
      b: 1,
    },
  ],
  ['an error whose getters throw', evilError],
  ['a Proxy that throws', evilProxy],
  ['a revoked Proxy', revoked.proxy],
  ['a frozen error', Object.freeze(new Error('cold'))],
  ['an error with a strange message', Object.assign(new Error(), { message: { deep: circular }, name: 5 })],
  ['an object whose toString throws', { toString: thrower, toJSON: thrower }],
  ['a thenable', { then: thrower }],
  ['an invalid date', new Date(NaN)],
  ['a very long message', new Error('x'.repeat(5_000_000))],
  ['a very wide object', Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, i]))],
  ['its own prototype as a key', JSON.parse('{"__proto__": {"a": 1}, "constructor": null}')],
  ['lone surrogates', '\ud800 \udc00'],
]);
/** Only names go through the test runner, which would look into the values. */
const NAMES = [...HOSTILE.keys()];

test.each(NAMES)('captureException takes %s', async (name) => {
  const value = HOSTILE.get(name);
  const event = await eventOf((client) => {
    expect(client.captureException(value)).toMatch(/^[0-9a-f]{32}$/);
  });
  expect(event.error?.type ?? event.error?.message).toBeTruthy();
  expect(JSON.stringify(event).length).toBeLessThan(100_000);
});

test.each(NAMES)('hints, scope and breadcrumbs take %s', (name) => {
  const value = HOSTILE.get(name);
  const client = new World().client({ tags: value as never });
  const hint = { level: value, user: value, tags: value, contexts: value, extra: value, fingerprint: value };
  expect(() => client.captureException(new Error('x'), hint as never)).not.toThrow();
  expect(() => client.captureException(new Error('x'), value as never)).not.toThrow();
  expect(() =>
    client.captureException(new Error('x'), {
      contexts: { a: value },
      extra: { b: value },
      tags: { c: value },
      user: { id: value },
    } as never),
  ).not.toThrow();
  expect(() => client.captureMessage(value as string)).not.toThrow();
  expect(() => {
    client.addBreadcrumb(value as never);
  }).not.toThrow();
  expect(() => {
    client.addBreadcrumb({ message: value, data: value, timestamp: value } as never);
  }).not.toThrow();
  expect(client.queue.snapshot().dropped).toEqual({});
});

test('what was thrown is described', async () => {
  const describe = async (value: unknown): Promise<unknown[]> => {
    const { error, extra } = await eventOf((client) => client.captureException(value));
    return [error?.type, error?.message, extra?.['thrown']];
  };
  class PaymentError extends Error {}
  expect(await describe('boom')).toEqual(['string', 'boom', undefined]);
  expect(await describe(null)).toEqual(['null', 'null', undefined]);
  expect(await describe({ code: 7 })).toEqual(['Object', '{"code":7}', { code: 7 }]);
  expect(await describe({ message: 'm', code: 7 })).toEqual(['Object', 'm', { message: 'm', code: 7 }]);
  expect(await describe(new RangeError('r'))).toEqual(['RangeError', 'r', undefined]);
  expect(await describe(new PaymentError('declined'))).toEqual(['PaymentError', 'declined', undefined]);
});

test('causes and the errors of an AggregateError are listed, nearest first, cycles once', async () => {
  const root = new Error('root');
  const middle = new TypeError('middle', { cause: root });
  root.cause = middle;
  const many = new AggregateError([new RangeError('one'), 'two'], 'many', { cause: middle });
  const { error } = await eventOf((client) => client.captureException(many));
  expect(error?.causes?.map((cause) => [cause.type, cause.message])).toEqual([
    ['TypeError', 'middle'],
    ['Error', 'root'],
    ['RangeError', 'one'],
    ['string', 'two'],
  ]);
  expect(error?.causes?.[0]?.frames?.length).toBeGreaterThan(0);
});

test('an error captured twice is sent once', async () => {
  const world = new World();
  const client = world.client();
  const error = new Error('x');
  const id = client.captureException(error);
  expect(client.captureException(error)).toBe(id);
  await world.pass(10_000);
  expect(world.requests.flat()).toHaveLength(1);
  expect(client.queue.snapshot()).toMatchObject({ captured: 2, sent: 1, dropped: { duplicate: 1 } });
  expect(balance(client.queue.snapshot())).toBe(true);
});

test('beforeSend changes, drops, and fails safe', async () => {
  const changed = await eventOf((c) => c.captureMessage('x'), { beforeSend: (event) => ({ ...event, release: 'b' }) });
  expect(changed.release).toBe('b');
  for (const [answer, reason] of [
    [() => null, 'before_send'],
    [thrower, 'before_send_failed'],
    [() => 'text', 'before_send_failed'],
  ] as const) {
    const world = new World();
    const client = world.client({ beforeSend: answer as never });
    expect(client.captureException(new Error('x'))).toBe('');
    await world.pass(10_000);
    expect(client.queue.snapshot().dropped).toEqual({ [reason]: 1 });
    expect(world.requests).toEqual([]);
  }
});

test('values become bounded JSON', () => {
  expect(toJson({ a: undefined, b: [NaN, 1n], c: new Map([['k', new Set([1])]]), d: new Error('e') })).toEqual({
    b: ['NaN', '1'],
    c: [['k', [1]]],
    d: 'Error: e',
  });
  expect(toJson(circular)).toEqual({ name: 'loop', self: '[Circular]' });
  expect(toJson({ a: { b: { c: 1 } } }, 2)).toEqual({ a: { b: '[Object]' } });
  expect(toJson([new Uint8Array(9), Promise.resolve()])).toEqual(['[Uint8Array]', '[Promise]']);
  const wide = toJson(Array.from({ length: 900 }, () => Array.from({ length: 900 }, () => 1)));
  expect(JSON.stringify(wide).length).toBeLessThan(5_000);
  const odd = toJson(JSON.parse('{"__proto__":{"a":1}}')) as Record<string, unknown>;
  expect([JSON.stringify(odd), odd['a']]).toEqual(['{"__proto__":{"a":1}}', undefined]);
});

test('texts are cut between characters', () => {
  expect(cut('abcdef', 4)).toBe('abc…');
  expect(cut('ab😀def', 4)).toBe('ab…');
});
