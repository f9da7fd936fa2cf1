// Which frames of a stack to open and which to fold: the application's own frames
// are shown, runs of others become one line ("12 frames of django").
import type { FrameDetail } from "@/gen/errata/v1/event_read_pb";

export type StackPart =
  | { kind: "frame"; frame: FrameDetail; index: number; failing: boolean }
  | { kind: "fold"; frames: { frame: FrameDetail; index: number }[]; packages: PackageCount[] };

export interface PackageCount {
  name: string;
  frames: number;
}

/** Below this many frames a fold hides nothing worth a click. */
const FOLD_MIN = 1;

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

/**
 * The parts of a stack in the order to show them. `frames` is oldest call first, as
 * sent; the failing frame is the newest of the application, or the newest at all.
 */
export function foldStack(frames: readonly FrameDetail[], order: "newest" | "oldest", all = false): StackPart[] {
  const last = frames.length - 1;
  const newestInApp = frames.findLastIndex((frame) => frame.inApp);
  // An address in an image, without a symbol, says no more than the call before it.
  const named = frames.findLastIndex((frame) => frame.inApp && `${frame.function}${frame.filename}${frame.absPath}${frame.module}` !== "");
  const failing = named !== -1 ? named : newestInApp !== -1 ? newestInApp : last;
  const shown = (index: number) => all || index === failing || frames[index]?.inApp === true;

  const parts: StackPart[] = [];
  for (const [index, frame] of frames.entries()) {
    if (shown(index)) {
      parts.push({ kind: "frame", frame, index, failing: index === failing });
      continue;
    }
    const open = parts.at(-1);
    if (open?.kind === "fold") open.frames.push({ frame, index });
    else parts.push({ kind: "fold", frames: [{ frame, index }], packages: [] });
  }
  const folded = parts.flatMap((part): StackPart[] => {
    if (part.kind === "frame") return [part];
    if (part.frames.length < FOLD_MIN) return part.frames.map((each) => ({ kind: "frame", ...each, failing: false }));
    const inOrder = order === "newest" ? part.frames.toReversed() : part.frames;
    return [{ ...part, frames: inOrder, packages: countPackages(part.frames) }];
  });
  return order === "newest" ? folded.toReversed() : folded;
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

export interface SourceLine {
  number: number;
  text: string;
  failing: boolean;
}

/** The lines around the failing one, with the indentation they share removed. */
export function sourceLines(frame: FrameDetail): SourceLine[] {
  if (frame.contextLine === "" && frame.preContext.length === 0) return [];
  const first = frame.lineno - frame.preContext.length;
  const texts = [...frame.preContext, frame.contextLine, ...frame.postContext].map((text) => text.replaceAll("\t", "    "));
  const indents = texts.filter((text) => text.trim() !== "").map((text) => text.length - text.trimStart().length);
  const shared = indents.length === 0 ? 0 : Math.min(...indents);
  return texts.map((text, index) => ({
    number: first + index,
    text: text.slice(shared),
    failing: index === frame.preContext.length,
  }));
}
