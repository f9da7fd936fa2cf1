// Which files can be shown in place, and as what. A client names its files as it likes:
// pictures are shown only as one of a few types that hold no script, anything else as
// plain text.

export type PreviewKind = "image" | "text" | "none";

/** Largest file shown in place, bytes. */
export const IMAGE_BYTES_MAX = 10 * 1024 * 1024;
export const TEXT_BYTES_MAX = 1024 * 1024;

/** No SVG: it is a document that may hold scripts and load others. */
const IMAGES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"]);
const IMAGE_NAMES: Record<string, string> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  avif: "image/avif",
  bmp: "image/bmp",
};
const TEXT_NAMES = new Set([
  "txt",
  "log",
  "md",
  "json",
  "jsonl",
  "xml",
  "yaml",
  "yml",
  "toml",
  "ini",
  "csv",
  "tsv",
  "conf",
  "html",
  "htm",
  "svg",
  "js",
  "ts",
  "css",
  "plist",
  "crash",
  "ips",
]);

interface Described {
  name: string;
  contentType: string;
  sizeBytes: bigint;
}

const ending = (name: string): string => /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? "";

/** The type a picture is shown as; empty: it is none that can be. */
export function imageType(file: Described): string {
  if (IMAGES.has(file.contentType)) return file.contentType;
  const isUnknown = file.contentType === "" || file.contentType === "application/octet-stream";
  return isUnknown ? (IMAGE_NAMES[ending(file.name)] ?? "") : "";
}

const isText = (file: Described): boolean =>
  file.contentType.startsWith("text/") ||
  /^(application|image)\/([a-z.+-]*\+)?(json|xml|yaml|javascript|x-ndjson)$/.test(file.contentType) ||
  TEXT_NAMES.has(ending(file.name));

export function previewKind(file: Described): PreviewKind {
  if (file.sizeBytes === 0n) return "none";
  if (imageType(file)) return file.sizeBytes <= IMAGE_BYTES_MAX ? "image" : "none";
  if (isText(file)) return file.sizeBytes <= TEXT_BYTES_MAX ? "text" : "none";
  return "none";
}
