// Which language an event is written in, as far as it matters for showing it.
import type { FrameDetail } from "@/gen/errata/v1/event_read_pb";

export type Language = "python" | "javascript" | "node" | "java" | "go" | "rust" | "ruby" | "php" | "dotnet" | "native" | "apple" | "dart" | "elixir" | "perl" | "other";

interface LanguageFacts {
  name: string;
  /** Two letters in place of a logo. */
  mark: string;
}

export const LANGUAGES: Record<Language, LanguageFacts> = {
  python: { name: "Python", mark: "Py" },
  javascript: { name: "JavaScript", mark: "JS" },
  node: { name: "Node.js", mark: "No" },
  java: { name: "Java", mark: "Jv" },
  go: { name: "Go", mark: "Go" },
  rust: { name: "Rust", mark: "Rs" },
  ruby: { name: "Ruby", mark: "Rb" },
  php: { name: "PHP", mark: "Ph" },
  dotnet: { name: ".NET", mark: "C#" },
  native: { name: "Native", mark: "C+" },
  apple: { name: "Apple", mark: "Sw" },
  dart: { name: "Dart", mark: "Da" },
  elixir: { name: "Elixir", mark: "Ex" },
  perl: { name: "Perl", mark: "Pl" },
  other: { name: "Other", mark: "··" },
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
