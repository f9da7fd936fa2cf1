// Calls that go round in a circle: one function that calls itself, or a few that call
// each other. A thousand lines of the same say no more than "repeated 1,000 times".
import type { FrameDetail } from "@/gen/errata/v1/event_read_pb";
import { fileOf } from "./languages";

/** Functions of one circle. */
const PERIOD_MAX = 8;
/** Rounds that make a circle; fewer may be chance. */
const ROUNDS_MIN = 3;
/** Frames below which a fold hides nothing worth a click. */
const FRAMES_MIN = 4;

export interface Run {
  /** Frames; a multiple of the number of names. */
  length: number;
  /** The functions of a round, oldest call first. */
  names: string[];
}

/** The same function of the same file, whatever its line: a walk over a tree calls itself from several. */
const keyOf = (frame: FrameDetail): string =>
  `${frame.module}|${fileOf(frame)}|${frame.function}|${frame.function === "" ? `${frame.lineno}:${frame.colno}:${frame.instructionAddr}` : ""}|${frame.inApp}`;

/** The runs of a stack by where they begin. `apart` is in none of them: it is shown by itself. */
export function repeats(frames: readonly FrameDetail[], apart: number): ReadonlyMap<number, Run> {
  const keys = frames.map((frame, index) => (index === apart ? `apart ${index}` : keyOf(frame)));
  const runs = new Map<number, Run>();
  let index = 0;
  while (index < keys.length) {
    const run = longest(keys, index);
    if (run === null) {
      index += 1;
      continue;
    }
    runs.set(index, {
      length: run.length,
      names: frames.slice(index, index + run.period).map((frame) => frame.function || "<anonymous>"),
    });
    index += run.length;
  }
  return runs;
}

/** The longest circle that begins here; of equals that with the fewest functions. */
function longest(keys: readonly string[], from: number): { length: number; period: number } | null {
  let best: { length: number; period: number } | null = null;
  for (let period = 1; period <= PERIOD_MAX; period += 1) {
    let same = 0;
    while (from + same + period < keys.length && keys[from + same] === keys[from + same + period]) same += 1;
    const rounds = Math.floor(same / period) + 1;
    const length = rounds * period;
    if (rounds >= ROUNDS_MIN && length >= FRAMES_MIN && length > (best?.length ?? 0)) best = { length, period };
  }
  return best;
}
