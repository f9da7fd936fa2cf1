// The scope of a view: projects, environment and time range. It lives in the URL,
// so that every view can be linked to, and travels along in the navigation.
import { useMemo } from "react";
import { useSearchParams } from "react-router";

export const RANGES = ["1h", "24h", "7d", "14d", "30d", "90d"] as const;
export type Range = (typeof RANGES)[number];
export const DEFAULT_RANGE: Range = "24h";

export interface Scope {
  /** Empty: all projects. */
  projectIds: number[];
  /** Empty: all environments. */
  environment: string;
  range: Range;
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
export const rangeSeconds = (range: Range): number => SECONDS[range];
export const rangeWords = (range: Range): string => WORDS[range];

const isRange = (value: string | null): value is Range => RANGES.some((range) => range === value);

export function parseScope(params: URLSearchParams): Scope {
  const ids = (params.get("project") ?? "").split(",").map(Number);
  const range = params.get("range");
  return {
    projectIds: [...new Set(ids.filter((id) => Number.isInteger(id) && id > 0))].sort((a, b) => a - b),
    environment: params.get("environment") ?? "",
    range: isRange(range) ? range : DEFAULT_RANGE,
  };
}

/** `params` with the scope written over it; what equals the default is left out. */
export function writeScope(params: URLSearchParams, scope: Scope): URLSearchParams {
  const next = new URLSearchParams(params);
  const put = (key: string, value: string) => (value === "" ? next.delete(key) : next.set(key, value));
  put("project", scope.projectIds.join(","));
  put("environment", scope.environment);
  put("range", scope.range === DEFAULT_RANGE ? "" : scope.range);
  return next;
}

/** The scope alone as a query string ("?project=1" or ""), for links to other views. */
export function scopeSearch(scope: Scope): string {
  const text = writeScope(new URLSearchParams(), scope).toString();
  return text === "" ? "" : `?${text}`;
}

export function useScope(): [Scope, (change: Partial<Scope>) => void] {
  const [params, setParams] = useSearchParams();
  const scope = useMemo(() => parseScope(params), [params]);
  return [scope, (change) => setParams((now) => writeScope(now, { ...parseScope(now), ...change }))];
}
