// Fails when the browser bundle outgrows its budget.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const BUDGET_BYTES = 8 * 1_024;
const script = readFileSync(join(import.meta.dirname, '../dist/browser/errata.min.js'));
const bytes = gzipSync(script, { level: 9 }).byteLength;
console.log(`browser bundle: ${bytes} bytes gzip (${script.byteLength} plain), budget ${BUDGET_BYTES}`);
if (bytes > BUDGET_BYTES) process.exit(1);
