// Builds dist/: ESM and CommonJS for both platforms, one script for <script> tags,
// and the types. `npm ci && npm run build` needs nothing else.
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build, transform } from 'esbuild';
import { rolldown } from 'rolldown';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
rmSync(dist, { recursive: true, force: true });

// Names of fields and methods that only our own modules see: they get a letter in a browser,
// which no minifier can know. What is read or written by strangers keeps its name: the wire,
// the functions applications call, and what another copy of this package may call on the
// client, the queue or a scope, since those hang on a global symbol.
const INTERNAL = `
  batchMax batchUrl blockedUntilMs bornMs bytesOf depart describe dueMs elapsed enrich failures fold give given
  gone handOver handedOver hasRoom held heldBytes hook hurry jsonBytes jsonText lastSendMs locate named newId
  publicKey prepared refusal retryAfterMs setTimer times twin unreadable unready waiting
`
  .trim()
  .split(/\s+/);
const strangers = new Set(
  ['wire', 'options', 'stats'].flatMap((file) =>
    readFileSync(join(root, `src/core/${file}.ts`), 'utf8').match(/\w+(?=\??:)/g),
  ),
);
for (const name of Object.getOwnPropertyNames(globalThis)) {
  const value = globalThis[name];
  for (const owner of [value, value?.prototype])
    if (owner) Object.getOwnPropertyNames(owner).forEach((own) => strangers.add(own));
}
const clash = INTERNAL.filter((name) => strangers.has(name));
if (clash.length) throw new Error(`not names of our own: ${clash.join()}`);

const node = {
  absWorkingDir: root,
  bundle: true,
  entryPoints: ['src/node/index.ts'],
  legalComments: 'none',
  logLevel: 'warning',
  platform: 'node',
  sourcemap: true,
  target: ['node20'],
};
await Promise.all([
  build({ ...node, format: 'esm', outfile: 'dist/node/index.js' }),
  build({ ...node, format: 'cjs', outfile: 'dist/node/index.cjs' }),
  browser(),
]);

// By Rolldown, whose minifier gets some 5 % below esbuild's. The module is minified as
// well, with its map beside: what a bundler makes of it is then as small as our own script.
async function browser() {
  const bundle = await rolldown({
    cwd: root,
    input: 'src/browser/index.ts',
    platform: 'browser',
    optimization: { inlineConst: { mode: 'all', pass: 3 } },
    transform: { target: 'es2022' },
    treeshake: { moduleSideEffects: false, propertyReadSideEffects: false },
    plugins: [{ name: 'short-names', renderChunk: shorten }],
  });
  const shared = {
    comments: false,
    generatedCode: { symbols: false },
    minify: { compress: { target: 'es2022' }, mangle: { toplevel: true }, codegen: true },
  };
  await bundle.write({ ...shared, format: 'esm', file: join(dist, 'browser/index.js'), sourcemap: true });
  // For bundlers and test environments that still load CommonJS.
  await bundle.write({ ...shared, format: 'cjs', file: join(dist, 'browser/index.cjs'), sourcemap: true });
  await bundle.write({
    ...shared,
    format: 'iife',
    name: 'Errata',
    file: join(dist, 'browser/errata.min.js'),
    sourcemap: 'hidden',
  });
  await bundle.close();
}

function shorten(code) {
  return transform(code, { mangleProps: new RegExp(`^(${INTERNAL.join('|')})$`), sourcemap: true, target: 'es2022' });
}

const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.types.json'], { cwd: root, stdio: 'inherit' });
// The same types again, as CommonJS: a .d.ts is ESM or not by its package.json.
cpSync(join(dist, 'types'), join(dist, 'types-cjs'), { recursive: true });
writeFileSync(join(dist, 'types-cjs/package.json'), '{ "type": "commonjs" }\n');
