// Measures the JavaScript of the first load, gzipped, and fails beyond the budget:
// the entry with its static imports, and the same with the issue list, which is
// what most people open first.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET_KB = 250;
const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

const closure = (key, seen = new Set()) => {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const next of manifest[key].imports ?? []) closure(next, seen);
  return seen;
};
const size = (keys) =>
  [...keys].reduce(
    (sum, key) => sum + gzipSync(readFileSync(new URL(manifest[key].file, dist)), { level: 9 }).length,
    0,
  );

const first = closure("index.html");
console.log(`entry: ${(size(first) / 1000).toFixed(1)} KB gzip`);
let worst = 0;
for (const key of Object.keys(manifest).filter((k) => manifest[k].isDynamicEntry)) {
  const whole = size(closure(key, new Set(first)));
  worst = Math.max(worst, whole);
  console.log(`  with ${key}: ${(whole / 1000).toFixed(1)} KB gzip`);
}
if (worst > BUDGET_KB * 1000) {
  console.error(`initial JavaScript is ${(worst / 1000).toFixed(1)} KB gzip, more than the budget of ${BUDGET_KB} KB`);
  process.exitCode = 1;
}
