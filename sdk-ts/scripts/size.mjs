// Fails when a browser bundle outgrows its budget: the script for <script> tags, and
// `init` with `captureException` as a bundler takes them out of the module.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const BUDGET_BYTES = 8 * 1_024;
const dist = join(import.meta.dirname, '../dist/browser');

const { outputFiles } = await build({
  stdin: { contents: "export { init, captureException } from './index.js';", resolveDir: dist },
  bundle: true,
  format: 'esm',
  legalComments: 'none',
  minify: true,
  target: 'es2022',
  write: false,
});
const bundles = {
  'errata.min.js': readFileSync(join(dist, 'errata.min.js')),
  'init + captureException': outputFiles[0].contents,
};
for (const [name, script] of Object.entries(bundles)) {
  const bytes = gzipSync(script, { level: 9 }).byteLength;
  console.log(`${name}: ${bytes} bytes gzip (${script.byteLength} plain), budget ${BUDGET_BYTES}`);
  if (bytes > BUDGET_BYTES) process.exitCode = 1;
}
