/** The pure halves of the queue: what is held (backlog) and when it goes (schedule). */
import { expect, test } from 'vitest';
import { makeBacklog, TIMES_MAX, type Backlog, type Entry } from '../src/core/backlog';
import { discardedSince, toBody } from '../src/core/batch';
import {
  BATCH_EVENTS_MAX,
  came,
  failed,
  hurry,
  makeSchedule,
  resize,
  sendAtMs,
  space,
  type Schedule,
} from '../src/core/schedule';

/** `key` or `key=twin`, each added when there is room; `+twin` is one more of it. */
function play(backlog: Backlog, steps: string): Entry[] {
  const entries: Entry[] = [];
  for (const step of steps.split(' ')) {
    const [key = '', twin = ''] = step.split('=');
    if (step.startsWith('+')) {
      if (backlog.fold(step.slice(1)) === undefined) backlog.drop('internal');
    } else if (backlog.hasRoom(key)) {
      const entry = backlog.add(key, twin, `id of ${step}`, 0);
      backlog.prepared(entry, { jsonText: `{"id":"${step}"}`, jsonBytes: 10 });
      entries.push(entry);
    } else backlog.drop('queue_full');
  }
  return entries;
}

const kept = (backlog: Backlog): string =>
  backlog.waiting.map(({ key, times }) => (times > 1 ? `${key}*${times}` : key)).join(' ');

test.each([
  ['there is room', 3, 'a b c', 'a b c', {}],
  ['of equals the first stay', 3, 'a a a a a', 'a a a', { queue_full: 2 }],
  ['the commonest gives way', 3, 'a a a b', 'a a b', { queue_full: 1 }],
  ['until it is no commoner', 3, 'a a a b c d', 'a b c', { queue_full: 3 }],
  ['equal ones are one', 3, 'a=x +x +x b', 'a*3 b', {}],
  ['also when it is full', 1, 'a=x +x b +x', 'a*3', { queue_full: 1 }],
  ['what gives way goes with all that it stands for', 2, 'a=x a=y +y +y b', 'a b', { queue_full: 3 }],
  ['none to fold into', 2, 'a=x +y', 'a', { internal: 1 }],
])('%s', (_name, max, steps, expected, dropped) => {
  const backlog = makeBacklog(max);
  play(backlog, steps);
  expect(kept(backlog)).toBe(expected);
  expect(backlog.stats.dropped).toEqual(dropped);
  expect(backlog.stats.queued).toBe(backlog.waiting.reduce((sum, { times }) => sum + times, 0));
});

test('what departs takes no more in: it may have arrived', () => {
  const backlog = makeBacklog(10);
  const [first] = play(backlog, 'a=x +x');
  expect(backlog.depart(backlog.waiting, 1_000, 10)).toEqual([first]);
  expect(backlog.fold('x')).toBeUndefined();
  play(backlog, 'a=x +x +x');
  // The end of the first is not the end of the second.
  backlog.give([first!]);
  expect(backlog.fold('x')).toBe('id of a=x');
  expect(kept(backlog)).toBe('a*4');
  expect(backlog.held()).toBe(1);
  expect(backlog.heldBytes()).toBe(10);
});

test('one event stands for no more than the server counts', () => {
  const backlog = makeBacklog(10);
  play(backlog, 'a=x');
  for (let i = 1; i < TIMES_MAX; i++) backlog.fold('x');
  expect(backlog.fold('x')).toBeUndefined();
});

test('an entry is let go once, whatever comes later', () => {
  const backlog = makeBacklog(10);
  const entries = play(backlog, 'a=x +x b');
  backlog.handedOver(entries.slice(0, 1));
  expect(backlog.stats).toMatchObject({ queued: 1, unconfirmed: 2 });
  backlog.give(entries, 'closed');
  backlog.give(entries, 'network');
  expect(backlog.stats).toMatchObject({ queued: 0, unconfirmed: 0, dropped: { closed: 3 } });
  expect([backlog.held(), backlog.heldBytes()]).toEqual([0, 0]);
});

test('a body says how many each event stands for, and what does not come', () => {
  const entry = (times: number): { jsonText: string; jsonBytes: number; times: number } => ({
    jsonText: '{"id":"a"}',
    jsonBytes: 10,
    times,
  });
  expect(toBody([entry(1), entry(3)])).toBe('{"errors":[{"id":"a"},{"id":"a","count":3}]}');
  const discarded = discardedSince({ queue_full: 2, network: 1 }, { queue_full: 5, network: 1, closed: 1 });
  expect(discarded).toEqual([
    { reason: 'queue_full', quantity: 3 },
    { reason: 'closed', quantity: 1 },
  ]);
  expect(JSON.parse(toBody([entry(1)], discarded))).toEqual({ errors: [{ id: 'a' }], discarded_events: discarded });
});

/** The moments of sending after `act`, for what is full and what is not. */
function times(act: (schedule: Schedule) => void): { full: number; small: number } {
  const schedule = makeSchedule();
  act(schedule);
  return { full: sendAtMs(schedule, true), small: sendAtMs(schedule, false) };
}

test.each<[string, (schedule: Schedule) => void, number, number]>([
  ['nothing waits', () => undefined, 0, Infinity],
  [
    'the first waits a second for company',
    (s) => {
      came(s, 10_000);
    },
    0,
    11_000,
  ],
  [
    'and no later one longer',
    (s) => {
      came(s, 10_000);
      came(s, 10_900);
    },
    0,
    11_000,
  ],
  [
    'requests keep their distance',
    (s) => {
      s.lastSendMs = 10_000;
      came(s, 10_500);
    },
    0,
    14_000,
  ],
  [
    'what left makes the rest wait',
    (s) => {
      came(s, 10_000);
      space(s, 11_000);
    },
    0,
    15_000,
  ],
  [
    'somebody hurries',
    (s) => {
      came(s, 10_000);
      hurry(s);
    },
    0,
    0,
  ],
  [
    'a failure blocks',
    (s) => {
      came(s, 10_000);
      failed(s, 11_000, undefined, 0);
    },
    11_500,
    11_500,
  ],
  [
    'the second for longer',
    (s) => {
      failed(s, 0, undefined, 1);
      failed(s, 11_000, undefined, 1);
    },
    13_000,
    Infinity,
  ],
  [
    'never above a minute',
    (s) => {
      for (let i = 0; i < 50; i++) failed(s, 0, undefined, 1);
    },
    60_000,
    Infinity,
  ],
  [
    'who hurries does not wait for our back-off',
    (s) => {
      came(s, 0);
      failed(s, 11_000, undefined, 1);
      hurry(s);
    },
    0,
    0,
  ],
  [
    'but for the time that the server named',
    (s) => {
      came(s, 0);
      failed(s, 11_000, 30_000, 1);
      hurry(s);
    },
    41_000,
    41_000,
  ],
  [
    'which is at most an hour',
    (s) => {
      failed(s, 0, 1e12, 1);
    },
    3_600_000,
    Infinity,
  ],
  [
    'and no shorter than ours',
    (s) => {
      failed(s, 0, -5, 0);
    },
    500,
    Infinity,
  ],
  [
    'or no time at all',
    (s) => {
      failed(s, 0, NaN, 0);
    },
    500,
    Infinity,
  ],
])('%s', (_name, act, full, small) => {
  expect(times(act)).toEqual({ full, small });
});

test('a 413 halves the next request, success doubles it', () => {
  const schedule = makeSchedule();
  const after = (sent: number, tooLarge: boolean): number => {
    resize(schedule, sent, tooLarge);
    return schedule.batchMax;
  };
  expect([after(50, true), after(25, true), after(12, false), after(24, false), after(48, false)]).toEqual([
    25,
    12,
    24,
    48,
    BATCH_EVENTS_MAX,
  ]);
});
