// What of a stack to show, and how much of it: the failing frame first, a few of the
// application's own opened, its others a line each, runs of foreign frames one line
// ("12 frames of django"), recursion one line, and never more than a screen or two.
import type { FrameDetail } from "@/gen/errata/v1/event_read_pb";
import { fileOf } from "./languages";
import { repeats } from "./recursion";

export type Order = "newest" | "oldest";

export interface Placed {
  frame: FrameDetail;
  /** Its place in the stack as sent: from the oldest call, 0. */
  index: number;
}

export type StackPart =
  | ({ kind: "frame"; failing: boolean; open: boolean } & Placed)
  | { kind: "fold"; frames: Placed[]; packages: PackageCount[] }
  /** Calls that go round in a circle; `frames` are all of them. */
  | { kind: "repeat"; frames: Placed[]; names: string[]; times: number }
  /** What is beyond the bound: parts to show when asked. */
  | { kind: "rest"; parts: StackPart[]; count: number };

export interface PackageCount {
  name: string;
  frames: number;
}

/** Own frames whose code is open at first: the failing one and its nearest callers. */
const OPEN_MAX = 3;
/** Parts of a stack that are shown unasked; deeper ones are one click away. */
const PARTS_MAX = 30;

/** The package that a frame belongs to; "" when it cannot be told. */
export function packageOf(frame: FrameDetail): string {
  const path = (frame.absPath || frame.filename).replaceAll("\\", "/");
  const rules: readonly RegExp[] = [
    // Node and bundlers; the innermost node_modules wins.
    /.*\/?node_modules\/(?:\.pnpm\/[^/]+\/node_modules\/)?((?:@[^/]+\/)?[^/]+)\//,
    /(?:site|dist)-packages\/([^/.]+)/,
    // Rust: registry/src/<index>/<crate>-<version>/
    /\/registry\/src\/[^/]+\/(.+?)-\d[^/]*\//,
    // Go: pkg/mod/<module>@<version>/
    /\/pkg\/mod\/(.+?)@v/,
    /\/?gems\/([^/]+?)-\d[^/]*\//,
    // Composer: vendor/<vendor>/<package>/
    /\/vendor\/([^/]+\/[^/]+)\//,
    // Dart
    /^package:([^/]+)\//,
    // Filenames that begin with a gem's folder.
    /^([a-z][\w-]*?)-\d+\.\d[^/]*\/lib\//,
  ];
  for (const rule of rules) {
    const name = rule.exec(path)?.[1];
    if (name) return name;
  }
  if (/^node:|^internal\//.test(path)) return "node";
  if (/^dart:/.test(path)) return "dart";
  if (/\/usr\/local\/go\/src\//.test(path)) return "go";
  if (/\/rustc\/|\/library\/(std|core|alloc)\//.test(path)) return "std";
  if (/\/lib(?:64)?\/python\d/.test(path)) return "python";
  const host = /^https?:\/\/([^/:]+)/.exec(path)?.[1];
  if (host) return host;
  if (frame.module) {
    const [first, second] = frame.module.split(/::|\.|\//);
    // Java and C#: "org.springframework.web" is better known as org.springframework.
    return /^(org|com|io|net|de|Microsoft)$/.test(first ?? "") && second ? `${first}.${second}` : (first ?? "");
  }
  // Native: the image, without its folders and its version.
  const image = frame.package.split(/[/\\]/).pop() ?? "";
  return image.replace(/(\.so)[.\d]*$/, "$1").replace(/,.*$/, "");
}

const countPackages = (frames: readonly { frame: FrameDetail }[]): PackageCount[] => {
  const counts = new Map<string, number>();
  for (const { frame } of frames) {
    const name = packageOf(frame) || "other code";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => ({ name, frames: count })).sort((a, b) => b.frames - a.frames);
};

/** Where it broke: the newest frame of the application, or the newest at all. */
export function failingIndex(frames: readonly FrameDetail[]): number {
  // An address in an image, without a symbol, says no more than the call before it.
  const named = frames.findLastIndex(
    (frame) => frame.inApp && `${frame.function}${frame.filename}${frame.absPath}${frame.module}` !== "",
  );
  if (named !== -1) return named;
  const newestInApp = frames.findLastIndex((frame) => frame.inApp);
  return newestInApp === -1 ? frames.length - 1 : newestInApp;
}

interface Folding {
  order: Order;
  /** Foreign frames, too. */
  all?: boolean;
  /** Own frames to open at first; 0: a stack that another is more worth reading than. */
  openMax?: number;
}

/**
 * The parts of a stack in the order to show them. `frames` is oldest call first, as
 * sent.
 */
export function foldStack(
  frames: readonly FrameDetail[],
  { order, all = false, openMax = OPEN_MAX }: Folding,
): StackPart[] {
  const failing = failingIndex(frames);
  const open = openAtFirst(frames, failing, openMax);
  const runs = repeats(frames, failing);
  const parts: StackPart[] = [];
  for (let index = 0; index < frames.length; index += 1) {
    const frame = frames[index];
    if (!frame) continue;
    const run = runs.get(index);
    const own = frame.inApp || (index === failing && openMax > 0);
    if (run && (all || own)) {
      parts.push({
        kind: "repeat",
        frames: placed(frames, index, run.length),
        names: run.names,
        times: run.length / run.names.length,
      });
      index += run.length - 1;
    } else if (all || own) {
      parts.push({ kind: "frame", frame, index, failing: index === failing, open: open.has(index) });
    } else {
      const last = parts.at(-1);
      if (last?.kind === "fold") last.frames.push({ frame, index });
      else parts.push({ kind: "fold", frames: [{ frame, index }], packages: [] });
    }
  }
  for (const part of parts) {
    if (part.kind === "fold") part.packages = countPackages(part.frames);
    if ((part.kind === "fold" || part.kind === "repeat") && order === "newest") part.frames.reverse();
  }
  return bounded(order === "newest" ? parts.reverse() : parts);
}

const placed = (frames: readonly FrameDetail[], from: number, length: number): Placed[] =>
  frames.slice(from, from + length).map((frame, at) => ({ frame, index: from + at }));

/** Lines that a frame's source shows, to tell whether another's are among them. */
const range = (frame: FrameDetail): [number, number] => [
  frame.lineno - frame.preContext.length,
  frame.lineno + frame.postContext.length,
];

/** The failing frame and the own callers nearest to it whose lines are not in view already. */
function openAtFirst(frames: readonly FrameDetail[], failing: number, max: number): ReadonlySet<number> {
  const open = new Set<number>();
  const inView = (frame: FrameDetail) =>
    [...open].some((index) => {
      const other = frames[index];
      if (!other || fileOf(other) !== fileOf(frame)) return false;
      const [first, last] = range(other);
      return frame.lineno >= first && frame.lineno <= last;
    });
  for (let index = failing; index >= 0 && open.size < max; index -= 1) {
    const frame = frames[index];
    if (!frame || (index !== failing && (!frame.inApp || frame.contextLine === "" || inView(frame)))) continue;
    open.add(index);
  }
  return open;
}

const isFailing = (part: StackPart) => part.kind === "frame" && part.failing;

/** Frames that a part stands for. */
const weight = (part: StackPart): number =>
  part.kind === "frame" ? 1 : part.kind === "rest" ? part.count : part.frames.length;

/** The parts around the failing one, and what lies before and after them as one part each. */
function bounded(parts: StackPart[]): StackPart[] {
  if (parts.length <= PARTS_MAX) return parts;
  const at = Math.max(0, parts.findIndex(isFailing));
  // In both orders most of the room is for the calls that led to the failing one.
  const from = at < PARTS_MAX - 1 ? 0 : Math.min(at - 1, parts.length - PARTS_MAX);
  const rest = (some: StackPart[]): StackPart[] =>
    some.length === 0 ? [] : [{ kind: "rest", parts: some, count: some.reduce((sum, part) => sum + weight(part), 0) }];
  return [
    ...rest(parts.slice(0, from)),
    ...parts.slice(from, from + PARTS_MAX),
    ...rest(parts.slice(from + PARTS_MAX)),
  ];
}

/** "12 frames of django", "12 frames of django and 2 of asgiref", "9 frames of 4 packages". */
export function foldLabel(packages: readonly PackageCount[]): string {
  const words = (count: number) => `${count} ${count === 1 ? "frame" : "frames"}`;
  const [first, second] = packages;
  if (!first) return words(0);
  if (!second) return `${words(first.frames)} of ${first.name}`;
  if (packages.length === 2) return `${words(first.frames)} of ${first.name} and ${second.frames} of ${second.name}`;
  const total = packages.reduce((sum, each) => sum + each.frames, 0);
  return `${words(total)} of ${first.name} and ${packages.length - 1} other packages`;
}

const NAMES_SHOWN = 3;

/** "step_12 … repeated 231 times", "even → odd … repeated 90 times". */
export function repeatLabel(names: readonly string[], times: number): string {
  const shown = names.slice(0, NAMES_SHOWN).join(" → ");
  const more = names.length > NAMES_SHOWN ? ` → ${names.length - NAMES_SHOWN} more` : "";
  return `${shown}${more} … repeated ${times.toLocaleString("en")} times`;
}
