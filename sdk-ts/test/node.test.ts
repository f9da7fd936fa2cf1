/** Whole processes: what Node does when an error ends them must stay what Node does. */
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { FakeServer, KEY, Workshop, type Outcome } from './support';

const shop = new Workshop();
let server: FakeServer;

beforeAll(async () => {
  await shop.build();
  server = await FakeServer.start();
});

afterAll(async () => {
  await server.close();
  shop.close();
});

beforeEach(() => {
  server.reset();
});

/** Runs a script with the SDK started. */
function run(script: string, flags: string[] = [], name = 'app.mjs'): Promise<Outcome> {
  return shop.run(`errata.init({ dsn: '${server.dsn}', release: 'r1' });\n${script}`, { flags, name });
}

test('a process that just ends still delivers, with source lines', async () => {
  const { code } = await run(
    "function pay() {\n  throw new RangeError('declined');\n}\ntry { pay(); } catch (error) { errata.captureException(error); }",
  );
  expect(code).toBe(0);
  expect(server.requests).toEqual([{ url: '/in/api/errors/batch', authorization: `Bearer ${KEY}`, encoding: 'gzip' }]);
  const [event] = server.events;
  expect(event).toMatchObject({ platform: 'node', release: 'r1', level: 'error', environment: 'production' });
  expect(event?.error).toMatchObject({ type: 'RangeError', message: 'declined', handled: true });
  expect(event?.error?.frames?.at(-1)).toMatchObject({
    function: 'pay',
    filename: 'app.mjs',
    abs_path: join(shop.folder, 'app.mjs'),
    lineno: 4,
    in_app: true,
    pre_context: ["import * as errata from './sdk.mjs';", expect.stringContaining('errata.init'), 'function pay() {'],
    context_line: "  throw new RangeError('declined');",
    post_context: ['}', 'try { pay(); } catch (error) { errata.captureException(error); }', ''],
  });
  expect(event?.error?.frames?.[0]?.in_app).toBe(false);
  expect(event?.context?.state?.['runtime']).toMatchObject({ name: 'node', version: process.version });
  expect(event?.context?.metrics?.['memory_rss_mib']).toBeGreaterThan(0);
  expect(event?.client?.hostname).toBeTruthy();
});

test('an uncaught error is sent, printed, and ends the process with 1', async () => {
  const { code, stderr, stdout } = await run(
    "process.on('exit', (c) => console.log('exit', c));\nsetInterval(() => {}, 1000);\nsetTimeout(() => { throw new TypeError('nobody caught me'); });",
  );
  expect(code).toBe(1);
  expect(stderr).toContain('TypeError: nobody caught me');
  expect(stderr).toContain('app.mjs');
  expect(stdout).toBe('exit 1\n');
  expect(server.events.map((event) => [event.level, event.error?.mechanism, event.error?.handled])).toEqual([
    ['fatal', 'onuncaughtexception', false],
  ]);
});

test('an unhandled rejection is sent, printed, and ends the process with 1', async () => {
  const { code, stderr } = await run("setInterval(() => {}, 1000);\nvoid Promise.reject(new TypeError('rejected'));");
  expect(code).toBe(1);
  expect(stderr).toContain('TypeError: rejected');
  expect(server.events.map((event) => event.error?.mechanism)).toEqual(['onunhandledrejection']);
});

test('a rejection with a string is sent once under every mode of Node', async () => {
  for (const [mode, code] of [
    ['throw', 1],
    ['strict', 1],
    ['warn', 0],
    ['none', 0],
  ] as const) {
    server.reset();
    const result = await run("void Promise.reject('just text');", [`--unhandled-rejections=${mode}`]);
    expect([mode, result.code, server.events.map((event) => event.error?.message)]).toEqual([
      mode,
      code,
      ['just text'],
    ]);
  }
});

test("an application's own handlers decide", async () => {
  const own = await run(
    "process.on('uncaughtException', (error) => console.log('mine', error.message));\nsetTimeout(() => { throw new Error('late'); }, 1);",
  );
  expect([own.code, own.stdout, own.stderr]).toEqual([0, 'mine late\n', '']);
  const rejection = await run(
    "process.on('unhandledRejection', () => console.log('mine'));\nvoid Promise.reject(new Error('r'));",
  );
  expect([rejection.code, rejection.stdout]).toEqual([0, 'mine\n']);
  const both = await run(
    "process.on('uncaughtException', (error, origin) => console.log(origin));\nvoid Promise.reject(new Error('r'));",
  );
  expect([both.code, both.stdout]).toEqual([0, 'unhandledRejection\n']);
  expect(server.events.map((event) => event.error?.message)).toEqual(['late', 'r', 'r']);
});

test('a server that hangs does not keep a dying process', async () => {
  const hanging = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(hanging, 'listening');
  const { port } = hanging.address() as AddressInfo;
  const { code, signal } = await shop.run(
    `errata.init({ dsn: 'http://${KEY}@127.0.0.1:${port}/1' });\nthrow new Error('x');`,
    { timeoutMs: 10_000 },
  );
  hanging.close();
  expect([code, signal]).toEqual([1, '']);
});

test('CommonJS, breadcrumbs of console and fetch, scopes, and the way back', async () => {
  const { code, stdout } = await run(
    `(async () => {
      errata.setUser({ id: 1 });
      await errata.withScope(async () => {
        errata.setTag('inner', 'yes');
        await fetch('http://127.0.0.1:1/path?secret=1').catch(() => {});
        console.log('hello');
        errata.captureMessage('in', 'warning');
      });
      errata.captureMessage('out');
      console.log(await errata.flush(), JSON.stringify(errata.stats()));
      await errata.close();
      errata.captureMessage('late');
    })();`,
    [],
    'app.cjs',
  );
  expect(code).toBe(0);
  expect(stdout).toBe('hello\ntrue {"captured":2,"sent":2,"unconfirmed":0,"queued":0,"dropped":{}}\n');
  const [inner, outer] = server.events;
  expect([inner?.tags, inner?.level, inner?.user]).toEqual([{ inner: 'yes' }, 'warning', { id: '1' }]);
  expect(inner?.context?.breadcrumbs?.map((crumb) => crumb.message)).toEqual([
    'GET http://127.0.0.1:1/path?secret=[Filtered]',
    'hello',
  ]);
  expect([outer?.tags, outer?.level, outer?.context?.breadcrumbs]).toEqual([undefined, 'info', undefined]);
});

test('without a DSN, or with a wrong one, nothing happens to the application', async () => {
  const { code, stdout, stderr } = await run(
    "errata.init({});\nconsole.log(errata.captureException(new Error('x')) === '', await errata.flush());\nerrata.init({ dsn: 'nonsense' });\nerrata.init(null);\nerrata.setTag(null, Symbol());\nerrata.captureMessage('x');",
  );
  expect([code, stdout]).toEqual([0, 'true true\n']);
  expect(stderr).toContain('not started: the DSN is not http');
  expect(server.events).toEqual([]);
});
