// Frames and stacks as the tools of a language write them: what people know how to
// read, and what they can paste where such a text is expected.
import type { ExceptionDetail, FrameDetail } from "@/gen/errata/v1/event_read_pb";
import { fileOf, isNative, type Language } from "./languages";
import { arrange, type Arranged } from "./chain";

/** A piece of a frame's line; `function` is what the eye looks for. */
export interface Piece {
  text: string;
  kind: "plain" | "function" | "file" | "line" | "faint";
}

const plain = (text: string): Piece => ({ text, kind: "plain" });
const faint = (text: string): Piece => ({ text, kind: "faint" });
const named = (text: string): Piece => ({ text, kind: "function" });
const file = (text: string): Piece => ({ text, kind: "file" });
const line = (text: string): Piece => ({ text, kind: "line" });

const base = (path: string): string => path.split(/[/\\]/).pop() ?? path;

/** ":12:3", ":12" or nothing. */
const position = (frame: FrameDetail): Piece[] =>
  frame.lineno > 0 ? [line(`:${frame.lineno}${frame.colno > 0 ? `:${frame.colno}` : ""}`)] : [];

/** "Acme.Cart+<AddAsync>d__7" and "MoveNext" are what a compiler made of `Acme.Cart.AddAsync`. */
export function dotnetName(frame: FrameDetail): { type: string; method: string } {
  const machine = /^(.*?)\+<(.+?)>[a-z]__/.exec(frame.module);
  const method =
    machine && frame.function === "MoveNext"
      ? (machine[2] ?? "")
      : (/^<+([^<>]+)>/.exec(frame.function)?.[1] ?? frame.function.replace(/\s*\{ <lambda> \}$/, ""));
  const type = (machine?.[1] ?? frame.module)
    .replace(/\+<>c.*$/, "")
    .replace(/`\d+(\[[^\]]*\])*/g, "<…>")
    .replaceAll("+", ".");
  return { type, method };
}

/** `index` counts from the newest call, 0. */
export function frameLine(frame: FrameDetail, language: Language, index: number): Piece[] {
  const fn = frame.function || "<anonymous>";
  const path = fileOf(frame);
  switch (language) {
    case "python":
      return [
        faint('File "'),
        file(path || frame.module || "<unknown>"),
        faint('"'),
        ...(frame.lineno > 0 ? [faint(", line "), line(String(frame.lineno))] : []),
        faint(", in "),
        named(fn),
      ];
    case "java": {
      const place =
        frame.lineno > 0
          ? [file(path || "Unknown Source"), line(`:${frame.lineno}`)]
          : [file(path || "Unknown Source")];
      return [faint("at "), plain(frame.module ? `${frame.module}.` : ""), named(fn), faint("("), ...place, faint(")")];
    }
    case "dotnet": {
      const { type, method } = dotnetName(frame);
      const place = path
        ? [faint(" in "), file(path), ...(frame.lineno > 0 ? [faint(":line "), line(String(frame.lineno))] : [])]
        : [];
      return [
        faint("at "),
        plain(type ? `${type}.` : ""),
        named(method.includes("(") ? method : `${method || "?"}()`),
        ...place,
      ];
    }
    case "go":
      return [
        plain(frame.module ? `${frame.module}.` : ""),
        named(fn),
        faint(" "),
        file(base(path)),
        ...position(frame),
      ];
    case "ruby":
      return [file(path), ...position(frame), faint(":in '"), named(fn), faint("'")];
    case "php":
      return [
        faint(`#${index} `),
        file(path || "[internal function]"),
        ...(frame.lineno > 0 ? [faint("("), line(String(frame.lineno)), faint(")")] : []),
        faint(": "),
        named(frame.function ? `${frame.function}()` : "{main}"),
      ];
    case "rust":
      return [faint(`${index}: `), named(fn), ...(path ? [faint(" at "), file(path), ...position(frame)] : [])];
    case "native":
    case "apple":
      return [
        faint(`${index} `),
        plain(`${base(frame.package) || "?"} `),
        faint(frame.instructionAddr ? `${frame.instructionAddr} ` : ""),
        named(frame.function || "<no symbol>"),
        ...(path ? [faint(" ("), file(path), ...position(frame), faint(")")] : []),
      ];
    case "dart":
      return [faint(`#${index} `), named(fn), faint(" ("), file(frame.absPath || path), ...position(frame), faint(")")];
    case "elixir":
      return [file(path || frame.module), ...position(frame), faint(": "), named(fn)];
    case "perl":
      return [
        named(fn),
        faint(" called at "),
        file(path),
        ...(frame.lineno > 0 ? [faint(" line "), line(String(frame.lineno))] : []),
      ];
    case "javascript":
    case "node":
    case "other": {
      const place = [file(path || frame.module || "<unknown>"), ...position(frame)];
      return frame.function
        ? [faint(language === "other" ? "" : "at "), named(frame.function), faint(" ("), ...place, faint(")")]
        : [faint(language === "other" ? "" : "at "), ...place];
    }
  }
}

export const lineText = (pieces: readonly Piece[]): string => pieces.map((piece) => piece.text).join("");

const qualified = (exception: ExceptionDetail, language: Language): string =>
  language === "java" && exception.module ? `${exception.module}.${exception.type}` : exception.type;

/** "Type: value", the way the language prints it. */
export function exceptionLine(exception: ExceptionDetail, language: Language): string {
  return [qualified(exception, language), exception.value].filter(Boolean).join(": ");
}

const INDENTS: Record<Language, string> = {
  python: "  ",
  java: "\t",
  dotnet: "   ",
  go: "",
  ruby: "\t",
  php: "",
  rust: "  ",
  native: "",
  apple: "",
  dart: "",
  elixir: "    ",
  perl: "\t",
  javascript: "    ",
  node: "    ",
  other: "  ",
};

/** The frames of a stack as text, in the language's own order. `frames` is oldest first. */
export function framesText(frames: readonly FrameDetail[], language: Language): string[] {
  const indent = INDENTS[language];
  const last = frames.length - 1;
  const lines = frames.map((frame, at) => {
    const call = indent + lineText(frameLine(frame, language, last - at));
    if (language === "go") {
      const path = frame.absPath || frame.filename;
      return `${frame.module ? `${frame.module}.` : ""}${frame.function || "?"}(...)\n\t${path}${frame.lineno > 0 ? `:${frame.lineno}` : ""}`;
    }
    return language === "python" && frame.contextLine.trim() !== "" ? `${call}\n    ${frame.contextLine.trim()}` : call;
  });
  return language === "python" ? lines : lines.toReversed();
}

/** One exception and its stack as text. */
export function stackText(title: string, frames: readonly FrameDetail[], language: Language): string {
  if (frames.length === 0) return title;
  const lines = framesText(frames, language);
  if (language === "python") return ["Traceback (most recent call last):", ...lines, title].join("\n");
  return [
    title,
    ...(language === "php" ? ["Stack trace:"] : []),
    ...(isNative(language) && title === "" ? [] : []),
    ...lines,
  ]
    .filter((each) => each !== "")
    .join("\n");
}

const JOINTS: Partial<Record<Language, Partial<Record<NonNullable<Arranged["relation"]>, string>>>> = {
  java: { "caused by": "Caused by: ", suppressed: "\tSuppressed: " },
  node: { "caused by": "  [cause]: " },
  dotnet: { "caused by": " ---> " },
};

/** All exceptions of an event as one text. */
export function eventText(exceptions: readonly ExceptionDetail[], language: Language): string {
  const arranged = arrange(exceptions);
  if (language === "python") {
    const older = arranged.toReversed();
    const parts = older.map((each, index) => {
      const text = stackText(exceptionLine(each.exception, language), each.exception.frames, language);
      if (index === older.length - 1) return text;
      const joint =
        each.relation === "while handling"
          ? "During handling of the above exception, another exception occurred:"
          : each.relation === "in the group"
            ? "The above exception is part of the following group:"
            : "The above exception was the direct cause of the following exception:";
      return `${text}\n\n${joint}`;
    });
    return parts.join("\n\n");
  }
  const joint = ({ relation }: Arranged) =>
    relation === null
      ? ""
      : (JOINTS[language]?.[relation] ?? `${relation[0]?.toUpperCase() ?? ""}${relation.slice(1)}: `);
  return arranged
    .map((each) => stackText(joint(each) + exceptionLine(each.exception, language), each.exception.frames, language))
    .join("\n");
}
