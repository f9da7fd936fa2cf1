import { describe, expect, test } from 'vitest';
import { parseStack } from '../src/core/stack';

const locate = (path: string): { filename: string; abs_path: string } => ({ filename: path, abs_path: path });

/** `function|file|line|column|in app`, newest call first as stacks are written. */
function check(stack: string, expected: string[], header = ''): void {
  const frames = parseStack(stack.startsWith(header) ? stack.slice(header.length) : stack, locate).reverse();
  expect(
    frames.map((f) => [f.function ?? '', f.filename, f.lineno ?? 0, f.colno ?? 0, f.in_app ? 'app' : 'lib'].join('|')),
  ).toEqual(expected);
}

describe('V8', () => {
  test('Node: functions, methods, async, constructors, internals, dependencies', () => {
    check(
      `TypeError: no
    at pay (/srv/app/pay.js:10:5)
    at Object.charge [as run] (/srv/app/charge.js:3:1)
    at async Promise.all (index 0)
    at new Cart (file:///srv/app/cart.mjs:7:11)
    at async handler (/srv/app/node_modules/@x/y/index.js:1:2)
    at /srv/app/top.js:2:3
    at Array.map (<anonymous>)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)`,
      [
        'pay|/srv/app/pay.js|10|5|app',
        'Object.charge|/srv/app/charge.js|3|1|app',
        'Promise.all|index 0|0|0|lib',
        'new Cart|file:///srv/app/cart.mjs|7|11|app',
        'handler|/srv/app/node_modules/@x/y/index.js|1|2|lib',
        '|/srv/app/top.js|2|3|app',
        'Array.map|<anonymous>|0|0|lib',
        'process.processTicksAndRejections|node:internal/process/task_queues|95|5|lib',
      ],
      'TypeError: no',
    );
  });

  test('Chrome: URLs, brackets in paths, extensions, eval', () => {
    check(
      `Error: x
    at f (https://shop.example:8443/a(1)/app.js?v=2:1:99)
    at chrome-extension://abc/inject.js:5:6
    at eval (eval at g (https://shop.example/app.js:20:4), <anonymous>:1:1)
    at C:\\app\\main.js:4:5`,
      [
        'f|https://shop.example:8443/a(1)/app.js?v=2|1|99|app',
        '|chrome-extension://abc/inject.js|5|6|lib',
        'eval|https://shop.example/app.js|20|4|app',
        '|C:\\app\\main.js|4|5|app',
      ],
      'Error: x',
    );
  });

  test('a message that looks like a frame is not one', () => {
    const header = 'Error: failed\n    at fake (/srv/fake.js:1:1)';
    check(`${header}\n    at real (/srv/real.js:2:2)`, ['real|/srv/real.js|2|2|app'], header);
  });
});

test('Firefox: functions, nested functions, async, eval, scoped packages', () => {
  check(
    `pay@https://shop.example/app.js:10:5
outer/inner<@https://shop.example/app.js:2:7
async*load@https://shop.example/app.js:3:1
@https://shop.example/node_modules/@x/y.js:1:2
run@https://shop.example/app.js line 30 > eval:1:1
f@moz-extension://1-2/a.js:1:1
`,
    [
      'pay|https://shop.example/app.js|10|5|app',
      'outer/inner|https://shop.example/app.js|2|7|app',
      'load|https://shop.example/app.js|3|1|app',
      '|https://shop.example/node_modules/@x/y.js|1|2|lib',
      'run|https://shop.example/app.js|30|0|app',
      'f|moz-extension://1-2/a.js|1|1|lib',
    ],
  );
});

test('Safari: native code, global code, places without a function', () => {
  check(
    `pay@https://shop.example/app.js:10:5
map@[native code]
global code@https://shop.example/app.js:1:1
https://shop.example/app.js:7:8
f@safari-web-extension://1/a.js:1:1`,
    [
      'pay|https://shop.example/app.js|10|5|app',
      'map|[native code]|0|0|lib',
      '|https://shop.example/app.js|1|1|app',
      '|https://shop.example/app.js|7|8|app',
      'f|safari-web-extension://1/a.js|1|1|lib',
    ],
  );
});

test('the oldest call comes first', () => {
  const frames = parseStack('\n    at new_ (/a.js:1:1)\n    at old (/b.js:2:2)', locate);
  expect(frames.map((frame) => frame.function)).toEqual(['old', 'new_']);
});

test('endless recursion keeps both ends', () => {
  const lines = Array.from({ length: 5_000 }, (_, i) => `    at f${i} (/a.js:${i + 1}:1)`);
  const frames = parseStack(lines.join('\n'), locate);
  expect(frames).toHaveLength(100);
  expect(frames.at(-1)?.function).toBe('f0');
});

test('noise gives no frames and takes no time', () => {
  check('hello\nuser@example.com wrote\n  12:30:45 something', []);
  const start = process.cpuUsage();
  for (const evil of [
    '('.repeat(100_000),
    `at ${')'.repeat(100_000)}`,
    ':1'.repeat(50_000),
    `@${'a:'.repeat(50_000)}`,
    `@${' line 1 '.repeat(12_000)}`,
  ]) {
    parseStack(evil, locate);
  }
  // Of this process alone, in microseconds: nobody else can make it longer.
  expect(process.cpuUsage(start).user).toBeLessThan(1_000_000);
});
