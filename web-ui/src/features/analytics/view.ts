// What the analytics page shows, and its form in the URL.
import type { ChangeOf } from "@/shared/url/params";
import { changed, useParamsNow } from "@/shared/url/params";

/** What events can be split by, with the name people know. */
export const FIELDS: readonly (readonly [field: string, name: string])[] = [
  ["project", "Project"],
  ["level", "Level"],
  ["issue", "Issue"],
  ["type", "Type"],
  ["release", "Release"],
  ["environment", "Environment"],
  ["transaction", "Page or transaction"],
  ["http.url", "Address"],
  ["browser", "Browser"],
  ["os", "System"],
  ["device", "Device"],
  ["user", "User"],
  ["platform", "Platform"],
  ["server_name", "Server"],
  ["handled", "Handled"],
  ["sdk", "SDK"],
];

export const fieldName = (field: string): string =>
  FIELDS.find(([known]) => known === field)?.[1] ?? field.replace(/^tag\./, "");

export interface View {
  query: string;
  /** Empty: not split. */
  by: string;
  compare: boolean;
}

export const QUERY_MAX = 4000;

export const parseView = (params: URLSearchParams): View => ({
  query: (params.get("q") ?? "").slice(0, QUERY_MAX),
  by: params.get("by") ?? "level",
  compare: params.get("compare") !== "0",
});

export function writeView(params: URLSearchParams, view: View): URLSearchParams {
  const next = new URLSearchParams(params);
  const put = (key: string, value: string, usual: string) =>
    value === usual ? next.delete(key) : next.set(key, value);
  put("q", view.query.trim().slice(0, QUERY_MAX), "");
  put("by", view.by, "level");
  put("compare", view.compare ? "1" : "0", "1");
  return next;
}

export function useView(): [View, (change: ChangeOf<View>) => void] {
  const [params, write] = useParamsNow();
  return [parseView(params), (change) => write((now) => writeView(now, changed(parseView(now), change)))];
}
