/** What `package.json` promises to those who import the package. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

interface Forms {
  import: { types: string; default: string };
  require: { types: string; default: string };
}
const { exports } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
  exports: Record<string, Forms> & { '.': Record<string, Forms> };
};

test.each<[string, Forms, string]>([
  ['./browser', exports['./browser']!, 'browser'],
  ['./node', exports['./node']!, 'node'],
  ...Object.entries(exports['.']).map(([condition, forms]): [string, Forms, string] => [
    `. for ${condition}`,
    forms,
    condition === 'node' ? 'node' : 'browser',
  ]),
])('%s is there as a module and as CommonJS, each with its types', (_name, forms, platform) => {
  expect(forms).toEqual({
    import: { types: `./dist/types/${platform}/index.d.ts`, default: `./dist/${platform}/index.js` },
    require: { types: `./dist/types-cjs/${platform}/index.d.ts`, default: `./dist/${platform}/index.cjs` },
  });
});

test('a browser and a worker in a world that also knows Node come first, and whoever says nothing is a browser', () => {
  expect(Object.keys(exports['.'])).toEqual(['browser', 'worker', 'node', 'default']);
});
