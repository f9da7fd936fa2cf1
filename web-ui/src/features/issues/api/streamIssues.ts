// Issues as they change. Reconnects with back-off; after a gap the caller must read
// again, since changes within the gap are not sent.
import { useEffect, useRef, useState } from "react";
import type { StreamIssuesResponse } from "@/gen/errata/v1/live_pb";
import { live } from "@/shared/api/clients";

export type LiveState = "connecting" | "live" | "offline";

interface StreamIssuesOptions {
  projectIds: number[];
  issueId?: string;
  rangeS: number;
  /** What the numbers are counted within; empty: all. */
  environment?: string;
  release?: string;
  onMessage: (message: StreamIssuesResponse) => void;
  /** The first time that changes are heard: what was read before may be older. */
  onOpen?: () => void;
  /** After a reconnection: something may have been missed. */
  onGap: () => void;
}

/** Heartbeats come every 15 s; without any for this long the stream is dead. */
const SILENCE_MS = 40_000;
const BACKOFF_MS = [500, 1000, 2000, 5000, 10_000, 30_000] as const;

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });

/** Until `signal` aborts. */
async function follow(
  options: () => StreamIssuesOptions,
  signal: AbortSignal,
  onState: (state: LiveState) => void,
): Promise<void> {
  let failures = 0;
  let opened = false;
  while (!signal.aborted) {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    signal.addEventListener("abort", stop, { once: true });
    let silence = setTimeout(stop, SILENCE_MS);
    try {
      const { projectIds, issueId, rangeS, environment, release } = options();
      onState(failures === 0 ? "connecting" : "offline");
      const stream = live.streamIssues(
        {
          projectIds,
          issueId: issueId ?? "",
          statsRangeS: rangeS,
          environment: environment ?? "",
          release: release ?? "",
        },
        // The stream lives as long as the page; silence ends it instead.
        {
          signal: attempt.signal,
          timeoutMs: 0,
          onHeader: () => {
            onState("live");
            if (opened) options().onGap();
            else options().onOpen?.();
            opened = true;
            failures = 0;
          },
        },
      );
      for await (const message of stream) {
        clearTimeout(silence);
        silence = setTimeout(stop, SILENCE_MS);
        if (message.issue) options().onMessage(message);
      }
    } catch {
      // Whatever it was, the answer is the same: wait and connect again. A session
      // that ended is noticed by the reads.
    } finally {
      clearTimeout(silence);
      signal.removeEventListener("abort", stop);
    }
    onState("offline");
    // Returns at once when the signal has aborted meanwhile.
    await pause(BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)] ?? 30_000, signal);
    failures += 1;
  }
}

/** Follows while mounted and the tab is visible. */
export function useIssueStream(options: StreamIssuesOptions): LiveState {
  const [state, setState] = useState<LiveState>("connecting");
  const latest = useRef(options);
  useEffect(() => {
    latest.current = options;
  });
  const scope = `${options.projectIds.join(",")}|${options.issueId ?? ""}|${options.rangeS}|${options.environment ?? ""}|${options.release ?? ""}`;
  useEffect(() => {
    let controller: AbortController | null = null;
    const start = () => {
      controller ??= new AbortController();
      void follow(() => latest.current, controller.signal, setState);
    };
    const onVisibility = () => {
      if (document.hidden) {
        // A hidden tab would hold one of the browser's few connections.
        controller?.abort();
        controller = null;
      } else if (!controller) {
        latest.current.onGap();
        start();
      }
    };
    if (!document.hidden) start();
    document.addEventListener("visibilitychange", onVisibility);
    return () => {
      document.removeEventListener("visibilitychange", onVisibility);
      controller?.abort();
    };
  }, [scope]);
  return state;
}
