// One query: its rows, or what is wrong with it. Given up, it ends on the server, too.
import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";
import { answered } from "@/shared/api/http";

/** Rows that a page shows; a download has all. */
export const ROWS_MAX = 10_000;

/** As JSON has it: lists and structures are objects. */
export type Value = string | number | boolean | null | object;

export interface Answer {
  columns: { name: string; type: string }[];
  rows: Value[][];
  truncated: boolean;
  elapsed_ms: number;
  /** It ended early. */
  error?: { message: string };
}

const asked = (query: string, accept: string, limit: number | undefined, signal: AbortSignal) =>
  answered("/api/sql", {
    method: "POST",
    signal,
    headers: { "content-type": "application/json", accept },
    body: JSON.stringify(limit === undefined ? { query } : { query, limit }),
  });

/** The whole answer as a file. */
export async function download(query: string, form: "csv" | "json", signal: AbortSignal): Promise<Blob> {
  const accept = form === "csv" ? "text/csv" : "application/json";
  return (await asked(query, accept, undefined, signal)).blob();
}

export function useRunQuery() {
  const running = useRef<AbortController | null>(null);
  const run = useMutation({
    mutationFn: async (query: string): Promise<Answer> => {
      running.current?.abort();
      const controller = new AbortController();
      running.current = controller;
      const answer = await asked(query, "application/json", ROWS_MAX, controller.signal);
      return (await answer.json()) as Answer;
    },
  });
  return { run, cancel: () => running.current?.abort() };
}
