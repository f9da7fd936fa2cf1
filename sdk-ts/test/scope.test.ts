import { expect, test } from 'vitest';
import { parseDsn } from '../src/core/dsn';
import { httpBreadcrumb, patch, watchConsole, watchFetch } from '../src/core/hooks';
import { makeScope, type Breadcrumb, type ScopeData } from '../src/core/scope';
import { show } from '../src/node/show';
import { asyncScopes } from '../src/node/scopes';
import { eventOf } from './fakes';

test('an event says who, what, where and when', async () => {
  const event = await eventOf(
    (client) => {
      client.addBreadcrumb({ category: 'cart', message: 'added', level: 'info', data: { sku: 'a' } });
      client.captureException(new Error('x'), {
        level: 'warning',
        user: { id: 7, email: 'a@example.com' },
        tags: { region: 'eu', retries: 3 },
        contexts: { order: { total: 9.5 } },
        extra: { note: [1, 2] },
        fingerprint: ['{{ default }}', 'eu'],
      });
    },
    { release: 'shop@1.2.3', environment: 'staging', tags: { team: 'pay', region: 'all' } },
  );
  const { frames, ...error } = event.error!;
  expect(frames!.at(-1)!.filename).toContain('scope.test.ts');
  expect({ ...event, error }).toEqual({
    id: '00000000000000000000000000000001',
    timestamp: '2026-01-02T03:04:05.000Z',
    level: 'warning',
    platform: 'test',
    release: 'shop@1.2.3',
    environment: 'staging',
    error: { type: 'Error', message: 'x', mechanism: 'generic', handled: true },
    user: { id: '7', email: 'a@example.com' },
    tags: { team: 'pay', region: 'eu', retries: '3' },
    context: {
      state: { order: { total: 9.5 } },
      breadcrumbs: [
        {
          timestamp: '2026-01-02T03:04:05.000Z',
          level: 'info',
          category: 'cart',
          message: 'added',
          data: { sku: 'a' },
        },
      ],
    },
    extra: { note: [1, 2] },
    fingerprint: ['{{ default }}', 'eu'],
  });
});

test('the newest breadcrumbs are kept', async () => {
  const event = await eventOf(
    (client) => {
      for (let i = 0; i < 30; i++) client.addBreadcrumb({ message: `${i}` });
      client.captureMessage('x');
    },
    { maxBreadcrumbs: 3 },
  );
  expect(event.context?.breadcrumbs?.map((crumb) => crumb.message)).toEqual(['27', '28', '29']);
});

test('what is set later does not change earlier events, nor does a fork leak', () => {
  const scope = makeScope();
  const context = { step: 1 };
  scope.setContext('flow', context);
  const fork = scope.fork();
  context.step = 2;
  fork.setTag('inner', 'yes');
  fork.setUser({ id: 'u' });
  const [outer, inner] = [{}, {}];
  scope.applyTo(outer);
  fork.applyTo(inner);
  expect(outer).toEqual({ context: { state: { flow: { step: 1 } } } });
  expect(inner).toEqual({ context: { state: { flow: { step: 1 } } }, tags: { inner: 'yes' }, user: { id: 'u' } });
});

test('tags and contexts can be taken back and are bounded', () => {
  const scope = makeScope();
  for (let i = 0; i < 500; i++) {
    scope.setTag(`t${i}`, i);
    scope.setContext(`c${i}`, { i });
    scope.setExtra(`e${i}`, i);
  }
  scope.setTag('t0', null);
  scope.setContext('c0', null);
  const event: Parameters<ScopeData['applyTo']>[0] = {};
  scope.applyTo(event);
  expect(Object.keys(event.tags!)).toHaveLength(99);
  expect(Object.keys(event.context!.state!)).toHaveLength(99);
  expect(Object.keys(event.extra!)).toHaveLength(100);
});

test('in Node the scope of a request holds across await', async () => {
  const scopes = asyncScopes();
  const tagsOf = async (name: string): Promise<unknown> => {
    const scope = scopes.current().fork();
    return scopes.run(scope, async () => {
      scopes.current().setTag('request', name);
      await new Promise((resolve) => setImmediate(resolve));
      const event: Parameters<ScopeData['applyTo']>[0] = {};
      scopes.current().applyTo(event);
      return event.tags;
    });
  };
  expect(await Promise.all([tagsOf('a'), tagsOf('b')])).toEqual([{ request: 'a' }, { request: 'b' }]);
});

test('DSNs', () => {
  const check = (dsn: string, batchUrl: string): void => {
    expect(parseDsn(dsn)).toEqual({ publicKey: 'abc', batchUrl });
  };
  check('http://abc@127.0.0.1:8470/1', 'http://127.0.0.1:8470/api/errors/batch');
  check('https://abc@e.example/in/side/1/', 'https://e.example/in/side/api/errors/batch');
  check(' https://abc@[::1]:8470/1 ', 'https://[::1]:8470/api/errors/batch');
  for (const bad of [
    '',
    'x',
    'https://e.example/1',
    'https://abc@e.example',
    'ftp://abc@e/1',
    'https://abc@/1',
    'https://a b@e/1',
    5,
    null,
  ]) {
    expect(() => parseDsn(bad)).toThrow('the DSN is not');
  }
});

test('console lines become breadcrumbs and are still printed', () => {
  const printed: unknown[][] = [];
  const crumbs: Breadcrumb[] = [];
  const log = (...args: unknown[]): void => void printed.push(args);
  const fake = { log, warn: log };
  const undo = watchConsole(
    fake,
    (crumb) => {
      fake.log('from within');
      crumbs.push(crumb);
    },
    show,
  );
  fake.log('a', { b: 1 }, 2);
  fake.warn('careful');
  expect(printed).toEqual([['from within'], ['a', { b: 1 }, 2], ['from within'], ['careful']]);
  expect(crumbs.map(({ level, message }) => [level, message])).toEqual([
    ['info', 'a {"b":1} 2'],
    ['warning', 'careful'],
  ]);
  undo();
  expect(fake.log).toBe(log);
});

test('requests become breadcrumbs without their secrets, and keep their results', async () => {
  const crumbs: Breadcrumb[] = [];
  const failure = new Error('offline');
  const owner = {
    fetch: (input: unknown): Promise<unknown> =>
      String(input).includes('bad') ? Promise.reject(failure) : Promise.resolve({ status: 404 }),
  };
  const undo = watchFetch(
    owner,
    () => 5,
    (crumb) => crumbs.push(crumb),
  );
  expect(await owner.fetch('https://u:p@api.example/v1?token=secret#x')).toEqual({ status: 404 });
  await expect(owner.fetch(new URL('https://bad.example/'))).rejects.toBe(failure);
  undo();
  expect(crumbs.map(({ message, level }) => [message, level])).toEqual([
    ['GET https://api.example/v1?token=[Filtered]#x', 'warning'],
    ['GET https://bad.example/', 'error'],
  ]);
  expect(httpBreadcrumb('xhr', 'post', '/a?b', 200, 1.6).data).toEqual({
    method: 'POST',
    url: '/a?b',
    status: 200,
    duration_ms: 2,
  });
});

test('a method wrapped by others after us is only switched off', () => {
  const owner = { f: (): string => 'original' };
  const undo = patch(owner, 'f', (original) => () => `ours ${String(original())}`);
  const ours = owner.f;
  owner.f = () => `theirs ${ours()}`;
  expect(owner.f()).toBe('theirs ours original');
  undo();
  expect(owner.f()).toBe('theirs original');
});
