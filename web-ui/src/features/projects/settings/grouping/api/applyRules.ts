// Rules applied to events that are there, and taken back. Decided at once; it is told as
// done once issues have it, whichever page is open by then.
import type { QueryClient } from "@tanstack/react-query";
import { create } from "zustand";
import { issues } from "@/shared/api/clients";
import { projectSettings } from "@/shared/api/settingsClient";
import { failureOf } from "@/shared/format/failure";
import { useConsistency } from "@/shared/state/consistency";
import { useNotices } from "@/shared/state/notices";
import { projectKeys } from "../../../keys";

/** What is under way in a project. */
export interface Regrouping {
  what: "apply" | "undo";
  sinceMs: number;
}

interface Regroupings {
  byProject: Readonly<Record<number, Regrouping>>;
  begin: (projectId: number, what: Regrouping["what"]) => void;
  end: (projectId: number) => void;
}

export const useRegroupings = create<Regroupings>()((set) => ({
  byProject: {},
  begin: (projectId, what) =>
    set(({ byProject }) => ({ byProject: { ...byProject, [projectId]: { what, sinceMs: Date.now() } } })),
  end: (projectId) =>
    set(({ byProject }) => ({
      byProject: Object.fromEntries(Object.entries(byProject).filter(([id]) => id !== String(projectId))),
    })),
}));

export interface Application {
  text: string;
  /** 0: the one in force. */
  algorithm: number;
  /** The one that was looked at: another's work in between is not overwritten. */
  expectedVersion: number;
}

/** A server that does not answer is asked again so often in a row. */
const TRIES = 60;
/** Between two questions, for a server that answers at once and is not there yet. */
const PAUSE_MS = 500;

/** Waits until issues have what stands at a position; the server waits a second each time. */
async function reached(projectId: number, position: string): Promise<void> {
  let failures = 0;
  for (;;) {
    try {
      const request = { filter: { projectIds: [projectId] }, limit: 1, afterPosition: position };
      const told = await issues.listIssues(request);
      if (BigInt(told.position) >= BigInt(position)) return;
      failures = 0;
    } catch (cause) {
      failures += 1;
      if (failures === TRIES || !failureOf(cause).passing) throw cause;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

async function follow(
  client: QueryClient,
  projectId: number,
  { what, position }: { what: Regrouping["what"]; position: string },
  done: () => void,
): Promise<void> {
  const { begin, end } = useRegroupings.getState();
  begin(projectId, what);
  useConsistency.getState().advance(position);
  // What holds from now on is known at once.
  void client.invalidateQueries({ queryKey: projectKeys.groupingRules(projectId) });
  try {
    await reached(projectId, position);
    done();
  } catch (cause) {
    const { reason, id } = failureOf(cause);
    const text = `Decided, and not yet seen in issues: ${reason}.`;
    useNotices.getState().fail(text, { topic: "regroup", errorId: id });
  } finally {
    end(projectId);
    // Whatever is known of issues, events and their numbers may be old.
    await client.invalidateQueries();
  }
}

/** Fails if it is refused; what follows is told by notices. */
export async function applyRules(client: QueryClient, projectId: number, wanted: Application): Promise<void> {
  const { position } = await projectSettings.applyGroupingRules({ projectId, ...wanted });
  // Which one it is: another may be the newest by the time it is taken back.
  const held = await projectSettings.getGroupingRules({ projectId }).catch(() => undefined);
  const applied = held?.applications[0];
  const undo = applied && (() => void undoOrSay(client, projectId, applied.id));
  const told = () => useNotices.getState().show("Rules applied to all events", undo);
  void follow(client, projectId, { what: "apply", position }, told);
}

/** Fails if it is refused. */
export async function undoRules(client: QueryClient, projectId: number, application: bigint): Promise<void> {
  const { position } = await projectSettings.undoGroupingRules({ projectId, application });
  const told = () => useNotices.getState().show("Issues and rules are as they were before");
  void follow(client, projectId, { what: "undo", position }, told);
}

async function undoOrSay(client: QueryClient, projectId: number, application: bigint): Promise<void> {
  try {
    await undoRules(client, projectId, application);
  } catch (cause) {
    const { reason, id } = failureOf(cause);
    useNotices.getState().fail(`Still applied: ${reason}.`, { topic: "regroup", errorId: id });
  }
}
