// The scope of a view: projects, environment and time. It lives in the URL, so that
// every view can be linked to, and travels along in the navigation.
import { useMemo } from "react";
import { spanLabel } from "../format/time";
import { changed, type ChangeOf, useParamsNow } from "./params";

export const RANGES = ["1h", "24h", "7d", "14d", "30d", "90d"] as const;
export type Range = (typeof RANGES)[number];
export const DEFAULT_RANGE: Range = "24h";

/** From one moment to another, whole seconds since 1970; the end is not part of it. */
export interface Span {
  fromS: number;
  toS: number;
}

export interface Scope {
  /** Empty: all projects. */
  projectIds: number[];
  /** Empty: all environments. */
  environment: string;
  /** Up to now; what counts while there is no span. */
  range: Range;
  span: Span | null;
}

const SECONDS: Record<Range, number> = {
  "1h": 3600,
  "24h": 86_400,
  "7d": 604_800,
  "14d": 1_209_600,
  "30d": 2_592_000,
  "90d": 7_776_000,
};
const WORDS: Record<Range, string> = {
  "1h": "last hour",
  "24h": "last 24 hours",
  "7d": "last 7 days",
  "14d": "last 14 days",
  "30d": "last 30 days",
  "90d": "last 90 days",
};
/** The server keeps what it counts over for so long. */
export const SPAN_MAX_S = 7_776_000;

export const rangeSeconds = (range: Range): number => SECONDS[range];
export const rangeWords = (range: Range): string => WORDS[range];

type Time = Pick<Scope, "range" | "span">;

/** How long the scope's time is. */
export const scopeSeconds = ({ range, span }: Time): number => (span ? span.toS - span.fromS : SECONDS[range]);
/** Where it begins, milliseconds since 1970. */
export const scopeFromMs = ({ range, span }: Time, nowMs: number): number =>
  (span ? span.fromS : Math.floor(nowMs / 1000) - SECONDS[range]) * 1000;
/** Where it ends; undefined: it goes on. */
export const scopeToMs = ({ span }: Time): number | undefined => (span ? span.toS * 1000 : undefined);
/** "last 24 hours", or "28 Nov, 12:00 – 14:00". */
export const scopeWords = ({ range, span }: Time): string =>
  span ? spanLabel(new Date(span.fromS * 1000), new Date(span.toS * 1000)) : WORDS[range];
/** The same where it is short: "24h". */
export const scopeShort = ({ range, span }: Time): string => (span ? scopeWords({ range, span }) : range);
/** Within a sentence: "in the last 24 hours", "from 28 Nov, 12:00 – 14:00". */
export const withinScope = (time: Time): string =>
  time.span ? `from ${scopeWords(time)}` : `in the ${scopeWords(time)}`;

const isRange = (value: string | null): value is Range => RANGES.some((range) => range === value);

const parseTime = (value: string | null): number => Math.floor(Date.parse(value ?? "") / 1000);
const writeTime = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(/(:00)?\.000Z$/, "Z");

function parseSpan(params: URLSearchParams): Span | null {
  const [fromS, toS] = [parseTime(params.get("from")), parseTime(params.get("to"))];
  return fromS >= 0 && toS > fromS && toS - fromS <= SPAN_MAX_S ? { fromS, toS } : null;
}

export function parseScope(params: URLSearchParams): Scope {
  const ids = (params.get("project") ?? "").split(",").map(Number);
  const range = params.get("range");
  return {
    projectIds: [...new Set(ids.filter((id) => Number.isInteger(id) && id > 0))].sort((a, b) => a - b),
    environment: params.get("environment") ?? "",
    range: isRange(range) ? range : DEFAULT_RANGE,
    span: parseSpan(params),
  };
}

/** `params` with the scope written over it; what equals the default is left out. */
export function writeScope(params: URLSearchParams, scope: Scope): URLSearchParams {
  const next = new URLSearchParams(params);
  const put = (key: string, value: string) => (value === "" ? next.delete(key) : next.set(key, value));
  put("project", scope.projectIds.join(","));
  put("environment", scope.environment);
  put("range", scope.range === DEFAULT_RANGE ? "" : scope.range);
  put("from", scope.span ? writeTime(scope.span.fromS) : "");
  put("to", scope.span ? writeTime(scope.span.toS) : "");
  return next;
}

/** The scope alone as a query string ("?project=1" or ""), with more after it, for links to other views. */
export function scopeSearch(scope: Scope, more: Record<string, string> = {}): string {
  const params = writeScope(new URLSearchParams(), scope);
  for (const [key, value] of Object.entries(more)) params.set(key, value);
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

export function useScope(): [Scope, (change: ChangeOf<Scope>) => void] {
  const [params, write] = useParamsNow();
  const scope = useMemo(() => parseScope(params), [params]);
  return [scope, (change) => write((now) => writeScope(now, changed(parseScope(now), change)))];
}
