/** Node among servers that misbehave, in worlds that are frozen, with threads and many requests. */
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { connect, createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { accept, FakeServer, KEY, Workshop } from './support';

const shop = new Workshop();

beforeAll(() => shop.build());
afterAll(() => {
  shop.close();
});

/** Sends one error and tries, by flushing, until it is gone; prints the account. */
const SEND = `
errata.captureException(new Error('precious'));
for (let i = 0; i < 5 && errata.stats().queued; i++) await errata.flush(3000);
console.log(JSON.stringify(errata.stats()));
`;

async function withServer(act: (server: FakeServer) => Promise<void>): Promise<void> {
  const server = await FakeServer.start();
  try {
    await act(server);
  } finally {
    await server.close();
  }
}

const init = (server: FakeServer, options = ''): string => `errata.init({ dsn: '${server.dsn}', ${options} });\n`;

function endless(response: ServerResponse, written: { bytes: number; closed: boolean }): void {
  const chunk = Buffer.alloc(65_536, '{"results":[');
  const more = (): void => {
    while (!response.destroyed) {
      written.bytes += chunk.length;
      if (!response.write(chunk)) break;
    }
  };
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.on('drain', more).on('close', () => {
    written.closed = true;
  });
  more();
}

const html = { 'Content-Type': 'text/html' };
test.concurrent.each<[string, (response: ServerResponse) => void, RegExp]>([
  [
    'a login page',
    (r) => {
      r.writeHead(200, html).end('<!doctype html><form action=/login>');
    },
    /gave no answer of Errata/,
  ],
  [
    'a redirect',
    (r) => {
      r.writeHead(301, { Location: 'https://u:p@login.example/?next=secret' }).end();
    },
    /redirects to https:\/\/login\.example\/\?next=\[Filtered\], not followed/,
  ],
  [
    'an empty 200',
    (r) => {
      r.writeHead(200).end();
    },
    /gave no answer of Errata/,
  ],
  [
    'JSON cut off',
    (r) => {
      r.writeHead(202).end('{"results":[{"id":"a"');
    },
    /gave no answer of Errata/,
  ],
  [
    'a reset',
    (r) => {
      r.destroy();
    },
    /^$/,
  ],
  [
    'a 503',
    (r) => {
      r.writeHead(503, { 'Retry-After': '1' }).end('<html>');
    },
    /^$/,
  ],
  [
    'an answer broken off',
    (r) => {
      r.writeHead(202, { 'Content-Length': '1000' }).write('{"results"');
      r.destroy();
    },
    /^$/,
  ],
])('%s acknowledges nothing, and the event comes again', async (_name, answer, said) => {
  await withServer(async (server) => {
    server.answers = [answer];
    const { stdout, stderr, code } = await shop.run(init(server) + SEND, {
      name: `${said.source.length}-${_name.replaceAll(' ', '_')}.mjs`,
    });
    expect([code, JSON.parse(stdout)]).toEqual([0, { captured: 1, sent: 1, unconfirmed: 0, queued: 0, dropped: {} }]);
    expect(server.batches).toHaveLength(2);
    expect(new Set(server.events.map((event) => event.id)).size).toBe(1);
    expect(stderr).toMatch(said);
  });
});

test('an endless answer is read a little and broken off', async () => {
  await withServer(async (server) => {
    const written = { bytes: 0, closed: false };
    server.answers = [
      (response) => {
        endless(response, written);
      },
    ];
    const { stdout } = await shop.run(`${init(server)}${SEND}\nconsole.log(process.resourceUsage().maxRSS);`);
    const [stats = '', rssKib = ''] = stdout.split('\n');
    expect(JSON.parse(stats)).toMatchObject({ sent: 1, dropped: {} });
    expect(written.closed).toBe(true);
    // What the sockets of both sides hold.
    expect(written.bytes).toBeLessThan(32 * 1_048_576);
    expect(Number(rssKib)).toBeLessThan(250_000);
  });
});

test.each<[string, () => Server]>([
  [
    'never answers',
    () =>
      createTcpServer((socket) => {
        socket.resume().on('error', () => undefined);
      }),
  ],
  [
    'never reads',
    () =>
      createTcpServer((socket) => {
        socket.pause().on('error', () => undefined);
      }),
  ],
])('a server that %s holds no process', async (_name, make) => {
  const server = make().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { code, signal } = await shop.run(
    `import { randomBytes } from 'node:crypto';
    errata.init({ dsn: 'http://${KEY}@127.0.0.1:${port}/1', beforeSend: (event) => ({ ...event, extra: { noise: randomBytes(90_000).toString('base64') } }) });
    for (let i = 0; i < 60; i++) errata.captureMessage('x' + i);`,
    { timeoutMs: 12_000 },
  );
  server.close();
  expect([code, signal]).toEqual([0, '']);
});

test.each([0, 700])('a server that never accepts holds no process, also one that ends %i ms later', async (livesMs) => {
  // The kernel takes two connections for it, then answers no more.
  const deaf = spawn(process.execPath, [
    '-e',
    `require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
    require('fs').writeSync(1, String(this.address().port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  })`,
  ]);
  const [port] = (await once(deaf.stdout, 'data')) as [Buffer];
  const fillers = Array.from({ length: 4 }, () => connect(Number(port), '127.0.0.1').on('error', () => undefined));
  await once(fillers[0]!, 'connect');
  await once(fillers[1]!, 'connect');
  const { code, signal } = await shop.run(
    `errata.init({ dsn: 'http://${KEY}@127.0.0.1:${String(port)}/1' });\nerrata.captureMessage('x');\nvoid errata.flush(1);\nsetTimeout(() => {}, ${livesMs});`,
    { timeoutMs: 12_000 },
  );
  for (const filler of fillers) filler.destroy();
  deaf.kill('SIGKILL');
  expect([code, signal]).toEqual([0, '']);
});

test('a server that was away is found again, and the process ends when all is there', async () => {
  const first = await FakeServer.start();
  const { port, dsn } = first;
  await first.close();
  const running = shop.run(
    `errata.init({ dsn: '${dsn}' });\nerrata.captureMessage('while away');\nawait errata.flush(200);\nconsole.log('ready');\nawait errata.flush(8000);\nconsole.log(errata.stats().sent);`,
  );
  const again = await FakeServer.start(port);
  expect((await running).stdout).toBe('ready\n1\n');
  await again.close();
});

/** Thirty users at once: middlewares, bodies, timers, streams, rejections; some on one connection after another. */
const REQUESTS = `
const http = require('node:http');
const { setTimeout: wait } = require('node:timers/promises');
const middlewares = [
  (req, res, next) => { errata.setUser({ id: req.headers.user }); errata.setTag('path', req.url); setImmediate(next); },
  (req, res, next) => { let body = ''; req.on('data', (d) => { body += d; }).on('end', () => { errata.setExtra('body', body); next(); }); },
  async (req, res) => {
    await wait(Number(req.headers.user) % 7);
    errata.addBreadcrumb({ message: 'of ' + req.headers.user });
    errata.captureException(new Error(req.headers.user));
    res.on('finish', () => errata.captureMessage('finished ' + req.headers.user));
    res.end();
  },
];
const server = http.createServer((req, res) => {
  const run = (i) => middlewares[i](req, res, () => run(i + 1));
  run(0);
});
const visit = (agent, user) => new Promise((resolve, reject) => {
  const body = 'body of ' + user;
  http.request({ port: server.address().port, path: '/' + user, method: 'POST', agent, headers: { user } }, (res) => res.resume().on('end', resolve)).on('error', reject).end(body);
});
server.listen(0, '127.0.0.1', async () => {
  errata.setTag('service', 'shop');
  const kept = new http.Agent({ keepAlive: true, maxSockets: 3 });
  await Promise.all(Array.from({ length: 60 }, (_, i) => visit(i % 2 ? kept : undefined, String(i))));
  // A request without a user has none, though its connection had one.
  await new Promise((resolve) => { server.removeAllListeners('request').on('request', (req, res) => { errata.captureMessage('nobody'); res.end(); }); visit(kept, 'x').then(resolve); });
  errata.captureMessage('outside');
  kept.destroy();
  server.close();
});
`;

test.each(['requests.cjs', 'requests.mjs'])('each request of a server has its own scope (%s)', async (name) => {
  await withServer(async (server) => {
    const head = name.endsWith('.mjs')
      ? "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);\n"
      : '';
    const { code, stderr } = await shop.run(head + init(server) + REQUESTS, { name });
    expect([code, stderr]).toEqual([0, '']);
    expect(server.events).toHaveLength(122);
    for (const { error, user, tags, extra, context } of server.events) {
      expect(tags?.['service']).toBe('shop');
      const message = error?.message ?? '';
      const id = message.replace('finished ', '');
      if (/^\d+$/.test(id)) {
        expect([message, user?.id, tags?.['path'], extra?.['body']]).toEqual([message, id, `/${id}`, `body of ${id}`]);
        expect(context?.breadcrumbs?.map((crumb) => crumb.message)).toEqual([`of ${id}`]);
      } else expect([message, user, tags?.['path']]).toEqual([message, undefined, undefined]);
    }
  });
});

test('an error nobody catches in a request carries the user of that request', async () => {
  await withServer(async (server) => {
    const { code } = await shop.run(
      `import http from 'node:http';
      ${init(server)}
      process.on('uncaughtException', () => {});
      let arrived = 0;
      let go;
      const all = new Promise((resolve) => { go = resolve; });
      const app = http.createServer((req, res) => {
        errata.setUser({ id: req.url });
        if (++arrived === 3) go();
        if (req.url === '/rejects') (async () => { await all; res.end(); throw new Error(req.url); })();
        else all.then(() => setTimeout(() => { res.end(); throw new Error(req.url); }));
      }).listen(0, async () => {
        const get = (path) => new Promise((resolve) => http.get({ port: app.address().port, path }, (res) => res.resume().on('end', resolve)));
        await Promise.all(['/throws', '/rejects', '/other'].map(get));
        app.close();
      });`,
    );
    expect(code).toBe(0);
    expect(server.events.map(({ error, user }) => `${error?.message} ${user?.id}`).sort()).toEqual([
      '/other /other',
      '/rejects /rejects',
      '/throws /throws',
    ]);
  });
});

test('an uncaught error is printed by Node itself, with the line and its caret, after it was stored', async () => {
  await withServer(async (server) => {
    const { code, stderr } = await shop.run(
      `${init(server)}process.exitCode = 7;\nsetInterval(() => {}, 1000);\nsetTimeout(() => {\n  throw new TypeError('at the end');\n});`,
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/app\.mjs:\d+\n {2}throw new TypeError\('at the end'\);\n {2}\^\n\nTypeError: at the end/);
    expect(stderr).not.toContain('[errata]');
    expect(server.events.map((event) => [event.level, event.error?.frames?.at(-1)?.context_line])).toEqual([
      ['fatal', "  throw new TypeError('at the end');"],
    ]);
  });
});

test("what waited and what was under way goes with a dying process's last words, once by id", async () => {
  await withServer(async (server) => {
    server.answers = [() => undefined];
    await shop.run(
      `${init(server)}for (let i = 0; i < 3; i++) errata.captureMessage('before ' + i);\nvoid errata.flush(5000);\nsetTimeout(() => { errata.captureMessage('waits'); throw new Error('dies'); }, 500);`,
    );
    const stored = server.batches
      .slice(1)
      .flat()
      .map((event) => event.error?.message);
    expect(stored.sort()).toEqual(['before 0', 'before 1', 'before 2', 'dies', 'waits']);
  });
});

test("a worker's error reaches its parent as without us, and is stored", async () => {
  await withServer(async (server) => {
    const worker = shop.write(
      'worker.mjs',
      `import * as errata from './sdk.mjs';\n${init(server)}setTimeout(() => { throw new RangeError(process.argv[2] ?? 'in the worker'); }, 10);\nsetInterval(() => {}, 1000);`,
    );
    const { code, stdout } = await shop.run(
      `import { Worker } from 'node:worker_threads';\nnew Worker(${JSON.stringify(worker)}).on('error', (error) => console.log('error', error.name, error.message)).on('exit', (code) => console.log('exit', code));`,
    );
    expect([code, stdout]).toEqual([0, 'error RangeError in the worker\nexit 1\n']);
    expect(server.events.map((event) => [event.error?.type, event.error?.handled])).toEqual([['RangeError', false]]);
  });
});

test.each([
  ['a frozen console', 'Object.freeze(console);', []],
  [
    'a read-only fetch',
    "Object.defineProperty(globalThis, 'fetch', { value: fetch, writable: false, configurable: false });",
    [],
  ],
  [
    'a console with one frozen method',
    "Object.defineProperty(console, 'log', { value: console.log, writable: false, configurable: false });",
    [],
  ],
  [
    'a frozen process',
    "Object.defineProperty(process, 'emit', { value: process.emit, writable: false, configurable: false });",
    [],
  ],
  ['a frozen globalThis', 'Object.freeze(globalThis);', []],
  ['frozen intrinsics', '', ['--frozen-intrinsics', '--no-warnings']],
  ['no fetch at all', 'delete globalThis.fetch;', []],
])('%s takes some breadcrumbs at most', async (_name, prelude, flags) => {
  await withServer(async (server) => {
    shop.write('freeze.mjs', prelude);
    const { stdout, code, stderr } = await shop.run(
      `${init(server)}console.warn('seen');
      errata.setExtra('toString', 1); errata.setExtra('__proto__', { a: 1 }); errata.setContext('constructor', { toString: 2, valueOf: 3 });
      errata.captureException(new Error('from a frozen world'));
      console.log(await errata.flush(5000), JSON.stringify(errata.stats()));
      setTimeout(() => { throw new Error('uncaught'); });`,
      { flags: [...flags, '--import', './freeze.mjs'] },
    );
    expect(stdout).toBe('true {"captured":1,"sent":1,"unconfirmed":0,"queued":0,"dropped":{}}\n');
    expect(stderr).not.toContain('not started');
    expect([code, server.messages]).toEqual([1, ['from a frozen world', 'uncaught']]);
    expect(server.events[0]?.context?.state?.['constructor']).toEqual({ toString: 2, valueOf: 3 });
    expect(server.events[0]?.extra).toMatchObject({ toString: 1 });
  });
});

test('call sites of Error.prepareStackTrace become frames', async () => {
  await withServer(async (server) => {
    await shop.run(
      `${init(server)}Error.prepareStackTrace = (_error, sites) => sites;\nfunction pay() { return new Error('declined'); }\nerrata.captureException(pay());\nerrata.captureException('no error');`,
    );
    expect(server.events.map((event) => event.error?.frames?.at(-1))).toMatchObject([
      { function: 'pay', filename: 'app.mjs', lineno: 4, in_app: true },
      { filename: 'app.mjs', lineno: 6 },
    ]);
  });
});

test('a request that a server forgot is repeated on a new connection', async () => {
  await withServer(async (server) => {
    server.answers = [
      accept,
      (response) => {
        response.socket?.destroy();
      },
    ];
    await shop.run(
      `${init(server)}for (const name of ['a', 'b', 'c']) { errata.captureMessage(name); await errata.flush(5000); }`,
    );
    expect([...new Set(server.messages)]).toEqual(['a', 'b', 'c']);
  });
});
