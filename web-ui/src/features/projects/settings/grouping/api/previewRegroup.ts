// What rules would make of all events that are there. It takes up to a minute, says how
// far it is, and ends on the server when it is cancelled or its page is left.
import { useEffect, useRef, useState } from "react";
import type { RegroupPreview, RegroupProgress } from "@/gen/errata/v1/grouping_pb";
import { grouping } from "@/shared/api/groupingClient";
import { afterPosition } from "@/shared/state/consistency";

/** What is asked. */
export interface Proposal {
  text: string;
  /** 0: the project's. */
  algorithm: number;
}

export type PreviewState =
  | { kind: "none" }
  | { kind: "running"; proposal: Proposal; progress: RegroupProgress | undefined }
  | { kind: "told"; proposal: Proposal; result: RegroupPreview }
  | { kind: "failed"; proposal: Proposal; error: unknown };

interface PreviewOf {
  state: PreviewState;
  start: (proposal: Proposal) => void;
  cancel: () => void;
}

const NONE: PreviewState = { kind: "none" };

export function usePreview(projectId: number): PreviewOf {
  const [state, setState] = useState<PreviewState>(NONE);
  const attempt = useRef<AbortController | null>(null);
  useEffect(() => () => attempt.current?.abort(), []);
  const follow = async (proposal: Proposal, signal: AbortSignal) => {
    setState({ kind: "running", proposal, progress: undefined });
    try {
      const request = { projectId, ...proposal, afterPosition: afterPosition() };
      // It lives as long as the server says something.
      for await (const { step } of grouping.previewRegroup(request, { signal, timeoutMs: 0 })) {
        if (signal.aborted) return;
        if (step.case === "progress") setState({ kind: "running", proposal, progress: step.value });
        if (step.case === "result") return setState({ kind: "told", proposal, result: step.value });
      }
      throw new Error("the preview ended on the server");
    } catch (error) {
      if (!signal.aborted) setState({ kind: "failed", proposal, error });
    }
  };
  return {
    state,
    start: (proposal) => {
      attempt.current?.abort();
      attempt.current = new AbortController();
      void follow(proposal, attempt.current.signal);
    },
    cancel: () => {
      attempt.current?.abort();
      setState(NONE);
    },
  };
}
