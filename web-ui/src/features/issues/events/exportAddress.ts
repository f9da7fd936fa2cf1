// Where the file of a search is: the same events in the same order as the list.
import { TIME_ZONE } from "@/shared/api/eventScope";
import { scopeFromMs, scopeToMs } from "@/shared/url/scope";
import { oneProject } from "../api/findEvents";
import type { EventListSearch } from "./eventList";

export type ExportFormat = "jsonl" | "csv" | "parquet";

export function exportAddress(search: EventListSearch, format: ExportFormat, nowMs: number): string {
  const { projectId, query } = oneProject(search);
  const toMs = scopeToMs(search);
  const given: [string, string][] = [
    ["format", format],
    ["project", projectId === 0 ? "" : String(projectId)],
    ["query", query],
    ["environment", search.environment],
    ["from", new Date(scopeFromMs(search, nowMs)).toISOString()],
    ["to", toMs === undefined ? "" : new Date(toMs).toISOString()],
    ["order", search.ascending ? "asc" : ""],
    ["time_zone", TIME_ZONE],
  ];
  return `/api/errors/export?${new URLSearchParams(given.filter(([, value]) => value !== ""))}`;
}
