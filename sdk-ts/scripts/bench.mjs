// What captureException costs its caller: a new error with a stack of 10 frames each
// time, 50 breadcrumbs and a user in scope, against a server that answers at once.
// Run: npm run build && npm run bench
import { createServer } from 'node:http';
import { once } from 'node:events';
import { gunzipSync } from 'node:zlib';
import * as errata from '../dist/node/index.js';

const WARM_UP = 1_000;
const ROUNDS = 10_000;
/** As fast as events can be taken without a full queue. */
const PAUSE_EVERY = 50;

const server = createServer((request, response) => {
  const chunks = [];
  request
    .on('data', (chunk) => chunks.push(chunk))
    .on('end', () => {
      const body = Buffer.concat(chunks);
      const { errors } = JSON.parse(request.headers['content-encoding'] ? gunzipSync(body) : body);
      response.writeHead(202).end(JSON.stringify({ results: errors.map(({ id }) => ({ id })) }));
    });
}).listen(0, '127.0.0.1');
await once(server, 'listening');

Error.stackTraceLimit = 10;
errata.init({
  dsn: `http://0123456789abcdef0123456789abcdef@127.0.0.1:${server.address().port}/1`,
  release: 'bench@1',
  globalHandlers: false,
  consoleBreadcrumbs: false,
});
errata.setUser({ id: 42, email: 'someone@example.com' });
errata.setTags({ region: 'eu', tenant: 'acme' });
for (let i = 0; i < 50; i++) errata.addBreadcrumb({ category: 'step', message: `step ${i}`, data: { i } });

function dive(depth, i) {
  return depth > 0 ? dive(depth - 1, i) : new TypeError(`cannot read property ${i}`);
}

const micros = [];
for (let i = 0; i < WARM_UP + ROUNDS; i++) {
  const error = dive(25, i);
  const start = process.hrtime.bigint();
  errata.captureException(error);
  if (i >= WARM_UP) micros.push(Number(process.hrtime.bigint() - start) / 1_000);
  if (i % PAUSE_EVERY === 0) await errata.flush(5_000);
}
micros.sort((a, b) => a - b);
const at = (share) => micros[Math.floor(micros.length * share)].toFixed(1);
await errata.close(5_000);
server.close();
console.log(`captureException over ${ROUNDS} calls, microseconds: p50 ${at(0.5)}, p99 ${at(0.99)}, p99.9 ${at(0.999)}`);
console.log('stats', JSON.stringify(errata.stats()));
