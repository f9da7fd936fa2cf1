// Which thread an event is about.
import type { EventDetail, ThreadDetail } from "@/gen/errata/v1/event_read_pb";

export const withFrames = (detail: EventDetail): ThreadDetail[] =>
  detail.threads.filter((thread) => thread.frames.length > 0);

/** The thread the event is about: its exception's, the crashed, the current, the only one. */
export function mainThread(detail: EventDetail): ThreadDetail | undefined {
  const threads = withFrames(detail);
  const named = detail.exceptions.at(-1)?.threadId ?? "";
  return (
    threads.find((thread) => named !== "" && thread.id === named) ??
    threads.find((thread) => thread.crashed) ??
    threads.find((thread) => thread.current) ??
    (threads.length === 1 ? threads[0] : undefined)
  );
}
