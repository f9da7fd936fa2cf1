// Which language an event is written in, as far as it matters for showing it.
import type { FrameDetail } from "@/gen/errata/v1/event_read_pb";

export type Language =
  | "python"
  | "javascript"
  | "node"
  | "java"
  | "go"
  | "rust"
  | "ruby"
  | "php"
  | "dotnet"
  | "native"
  | "apple"
  | "dart"
  | "elixir"
  | "perl"
  | "other";

export const LANGUAGES: Record<Language, string> = {
  python: "Python",
  javascript: "JavaScript",
  node: "Node.js",
  java: "Java",
  go: "Go",
  rust: "Rust",
  ruby: "Ruby",
  php: "PHP",
  dotnet: ".NET",
  native: "Native",
  apple: "Apple",
  dart: "Dart",
  elixir: "Elixir",
  perl: "Perl",
  other: "Other",
};

const PLATFORMS: Record<string, Language> = {
  python: "python",
  javascript: "javascript",
  node: "node",
  java: "java",
  kotlin: "java",
  android: "java",
  scala: "java",
  go: "go",
  rust: "rust",
  ruby: "ruby",
  php: "php",
  csharp: "dotnet",
  dotnet: "dotnet",
  fsharp: "dotnet",
  native: "native",
  c: "native",
  cpp: "native",
  cocoa: "apple",
  swift: "apple",
  objc: "apple",
  dart: "dart",
  flutter: "dart",
  elixir: "elixir",
  erlang: "elixir",
  perl: "perl",
};

/** `sdk` is the client's name: Rust's calls its platform "native". */
export function languageOf(platform: string, sdk = ""): Language {
  if (sdk.startsWith("sentry.rust")) return "rust";
  return PLATFORMS[platform.toLowerCase()] ?? "other";
}

/** Whether frames are known by image and address rather than by file. */
export const isNative = (language: Language): boolean => language === "native" || language === "apple";

export const fileOf = (frame: FrameDetail): string => frame.filename || frame.absPath;
