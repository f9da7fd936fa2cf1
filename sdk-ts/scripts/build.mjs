// Builds dist/: ESM for both platforms, CommonJS for Node, one script for
// <script> tags, and the types. `npm ci && npm run build` needs nothing else.
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
rmSync(dist, { recursive: true, force: true });

const shared = { bundle: true, absWorkingDir: root, legalComments: 'none', logLevel: 'warning', sourcemap: true };
const browser = { ...shared, entryPoints: ['src/browser/index.ts'], platform: 'browser', target: ['es2022'] };
const node = { ...shared, entryPoints: ['src/node/index.ts'], platform: 'node', target: ['node20'] };
await Promise.all([
  build({ ...browser, format: 'esm', outfile: 'dist/browser/index.js' }),
  build({ ...browser, format: 'iife', globalName: 'Errata', minify: true, sourcemap: 'external', outfile: 'dist/browser/errata.min.js' }),
  build({ ...node, format: 'esm', outfile: 'dist/node/index.js' }),
  build({ ...node, format: 'cjs', outfile: 'dist/node/index.cjs' }),
]);

const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.types.json'], { cwd: root, stdio: 'inherit' });
// The same types again, as CommonJS: a .d.ts is ESM or not by its package.json.
cpSync(join(dist, 'types'), join(dist, 'types-cjs'), { recursive: true });
writeFileSync(join(dist, 'types-cjs/package.json'), '{ "type": "commonjs" }\n');
