/** What is read of values, how often, and what is never run. */
import { describe as group, expect, test } from 'vitest';
import { describe as read, keysOf, readStacks, stackOf } from '../src/core/exception';
import type { WireEvent } from '../src/core/wire';
import { cleanUrl } from '../src/core/url';
import { show } from '../src/node/show';

const locate = (path: string): { filename: string; abs_path: string } => ({ filename: path, abs_path: path });

const keyOf = (thrown: unknown): string => keysOf(thrown)[0];

/** What is read at once, and what is left for later. */
function describe(thrown: unknown): WireEvent {
  const event = read(thrown, undefined);
  readStacks(event, locate);
  return event;
}

/** A Proxy that counts each time it is asked anything. */
function spied<T extends object>(target: T): { proxy: T; asked: Record<string, number> } {
  const asked: Record<string, number> = {};
  const handler = new Proxy(
    {},
    {
      get:
        (_target, trap: string) =>
        (...args: unknown[]) => {
          asked[trap] = (asked[trap] ?? 0) + 1;
          return (Reflect as unknown as Record<string, (...args: unknown[]) => unknown>)[trap]!(...args);
        },
    },
  );
  return { proxy: new Proxy(target, handler), asked };
}

test('a wide thrown object is listed once', () => {
  const { proxy, asked } = spied(Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`k${i}`, i])));
  const { error, extra } = describe(proxy);
  expect(asked['ownKeys']).toBe(1);
  expect(error?.message).toContain('"k0":0');
  expect(Object.keys(extra?.['thrown'] ?? {})).toHaveLength(51);
});

test('strings of one value are bounded together', () => {
  const { extra } = describe({
    list: Array.from({ length: 50 }, () => Array.from({ length: 50 }, () => 'x'.repeat(10_000))),
  });
  expect(JSON.stringify(extra).length).toBeLessThan(150_000);
});

test('a long message is neither copied nor compared at full length', () => {
  let chars = 0;
  const message = 'm'.repeat(10_000_000);
  const proto = String.prototype;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the right `this`
  const { startsWith, slice } = proto;
  const error = Object.assign(new Error(message), { stack: `Error: ${message}\n    at f (/a.js:1:1)` });
  try {
    proto.startsWith = function (this: string, part: string, at?: number) {
      chars += part.length;
      return startsWith.call(this, part, at);
    };
    proto.slice = function (this: string, from?: number, to?: number) {
      const part = slice.call(this, from, to);
      chars += part.length;
      return part;
    };
    keyOf(error);
    expect(describe(error).error?.frames).toMatchObject([{ function: 'f' }]);
  } finally {
    Object.assign(proto, { startsWith, slice });
  }
  expect(chars).toBeLessThan(50_000);
});

group('what makes errors equal', () => {
  const at = (message: string, line: number, name = 'Error'): Error =>
    Object.assign(new Error(message), {
      stack: `${name}: ${message}\n    at f (/a.js:${line}:1)\n    at g (/b.js:1:1)`,
    });
  test.each<[unknown, unknown, boolean]>([
    [at('user 1', 1), at('user 22 is\nlong gone', 1), true],
    [at('same', 1), at('same', 2), false],
    ['took 10 ms', 'took 2000 ms', true],
    ['took long', 'took 2000 ms', false],
    [{ message: 'a 1' }, { message: 'a 2' }, true],
    [{ message: 'a' }, { message: 'b' }, false],
    [undefined, null, true],
  ])('%s and %s: %s', (a, b, equal) => {
    expect(keyOf(a) === keyOf(b)).toBe(equal);
  });

  test('no value of any kind makes it throw', () => {
    for (const value of [
      Symbol('s'),
      1n,
      Object.create(null),
      { message: Symbol('s') },
      { stack: 5, message: {} },
      Proxy.revocable({}, {}).proxy,
      () => 1,
    ]) {
      expect(typeof keyOf(value)).toBe('string');
    }
  });
});

test('a stack that is a list is read as text, whatever is in it', () => {
  const throws = {
    toString: (): string => {
      throw new Error('no');
    },
  };
  expect(stackOf({ stack: ['f (/a.js:1:2)', '/b.js:3:4'] })).toBe('\nat f (/a.js:1:2)\nat /b.js:3:4');
  expect(stackOf({ stack: [throws] })).toBe('');
  expect(stackOf({ stack: Array.from({ length: 1_000_000 }, () => '/b.js:3:4') }).length).toBeLessThan(10_000);
  const { proxy, revoke } = Proxy.revocable([], {});
  revoke();
  expect(stackOf({ stack: proxy })).toBe('');
});

test.each([
  ['https://shop.example/a?access_token=abc&page=2', 'https://shop.example/a?access_token=[Filtered]&page=[Filtered]'],
  ['https://shop.example/#id_token=abc.def&state=x', 'https://shop.example/#id_token=[Filtered]&state=[Filtered]'],
  ['https://shop.example/#/orders/5?key=abc', 'https://shop.example/#/orders/5?key=[Filtered]'],
  ['https://shop.example/a?b=c?d=e#f=g', 'https://shop.example/a?b=[Filtered]#f=[Filtered]'],
  ['https://u:p@ss@shop.example/a', 'https://shop.example/a'],
  ['//u:p@shop.example/a@b', '//shop.example/a@b'],
  ['/relative?code=1;sid=2', '/relative?code=[Filtered];sid=[Filtered]'],
  ['/a;jsessionid=ABC', '/a;jsessionid=[Filtered]'],
  ['https://shop.example/?eyJhbGciOiJIUzI1NiJ9.e30.abc', 'https://shop.example/?[Filtered]'],
  ['https://shop.example/#eyJhbGciOiJIUzI1NiJ9.e30.abc', 'https://shop.example/#[Filtered]'],
  ['https://shop.example/?debug#top', 'https://shop.example/?debug#top'],
  ['https://shop.example/?empty=', 'https://shop.example/?empty='],
  ['mailto:someone@example.com', 'mailto:someone@example.com'],
  ['', ''],
])('the URL %s becomes %s', (url, clean) => {
  expect(cleanUrl(url)).toBe(clean);
});

test('any text is cleaned in one pass', () => {
  for (const evil of ['?', '&', '=', '#', ';', '?a', '?a=', '//', '@', 'a:'].map((part) => part.repeat(50_000))) {
    expect(cleanUrl(evil).length).toBeLessThan(100_000);
  }
});

group('what is logged', () => {
  test.each<[unknown, string]>([
    ['text', 'text'],
    [5, '5'],
    [10n, '10'],
    [Symbol('s'), 'Symbol(s)'],
    [null, 'null'],
    [{ a: 1, b: { c: [1, 'x'] } }, '{"a":1,"b":{"c":[Array]}}'],
    [[1, [2, [3]]], '[1,[2,[Array]]]'],
    [new TypeError('bad'), 'TypeError: bad'],
    [new Map([[1, 2]]), '[Map]'],
    [
      new (class Cart {
        id = 1;
      })(),
      '[Cart]',
    ],
    [Object.create(null), '{}'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new Date(NaN), 'Invalid Date'],
    [() => 1, '[Function]'],
    [Array.from({ length: 12 }, (_, i) => i), '[0,1,2,3,4,5,6,7,8,9,…]'],
  ])('is shown', (value, text) => {
    expect(show(value)).toBe(text);
  });

  test('runs no code of the application', () => {
    let ran = 0;
    const run = (): number => ++ran;
    const { proxy, asked } = spied<object>({ a: 1 });
    const evil = new Error('evil');
    for (const key of ['name', 'message', 'stack', 'constructor', 'toString', 'cause'])
      Object.defineProperty(evil, key, { get: run, enumerable: true });
    class Tagged {
      get [Symbol.toStringTag](): string {
        run();
        return 'x';
      }
      get name(): string {
        run();
        return 'x';
      }
      static get [Symbol.hasInstance](): () => boolean {
        run();
        return () => true;
      }
      toJSON(): void {
        run();
      }
      toString(): string {
        run();
        return 'x';
      }
      [Symbol.toPrimitive](): string {
        run();
        return 'x';
      }
    }
    const named = class {
      id = 1;
    };
    Object.defineProperty(named, 'name', { get: run });
    const list = Object.defineProperty([1, 2], '0', { get: run, enumerable: true });
    const values = [
      proxy,
      { proxy },
      [proxy],
      Object.create(proxy),
      new Proxy(proxy, {}),
      evil,
      new Tagged(),
      new named(),
      list,
      {
        get a() {
          return run();
        },
        b: 1,
      },
      Object.assign(() => 1, { toString: run }),
      Object.setPrototypeOf(new Error('x'), proxy),
      Object.assign(new Date(0), { toISOString: run, getTime: run }),
      Object.assign([1], { map: run, join: run, [Symbol.iterator]: run }),
    ];
    // Making them may have run some.
    ran = 0;
    for (const value of values) {
      expect(typeof show(value)).toBe('string');
      expect([values.indexOf(value), ran, asked]).toEqual([values.indexOf(value), 0, {}]);
    }
    expect(
      show({
        get a() {
          return run();
        },
        b: 1,
      }),
    ).toBe('{"a":[Getter],"b":1}');
  });
});
