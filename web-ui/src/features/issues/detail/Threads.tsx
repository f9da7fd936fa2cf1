// The threads of an event and the stack of the chosen one.
import { useState } from "react";
import type { EventDetail, ThreadDetail } from "@/gen/errata/v1/event_read_pb";
import { mainThread, withFrames } from "./threadOf";
import { Section } from "./Section";
import { type Looks, StackBody } from "./Stack";
import styles from "./detail.module.css";

const nameOf = (thread: ThreadDetail, index: number): string => thread.name || `Thread ${thread.id || index + 1}`;

export function Threads({
  detail,
  shownAbove,
  looks,
}: {
  detail: EventDetail;
  shownAbove: string | undefined;
  looks: Looks;
}) {
  const threads = withFrames(detail);
  const main = mainThread(detail);
  const [chosen, setChosen] = useState<number | null>(null);
  // One thread, whose stack is the event's, has nothing to add.
  if (threads.length === 0 || (threads.length === 1 && (shownAbove !== undefined || main !== undefined))) return null;
  const at = chosen ?? Math.max(0, main ? threads.indexOf(main) : 0);
  const thread = threads[at];
  const crashed = threads.findIndex((each) => each.crashed);
  const noted =
    crashed === -1
      ? `${threads.length}`
      : `${threads.length}, ${nameOf(threads[crashed] as ThreadDetail, crashed)} crashed`;
  return (
    <Section title="Threads" note={noted} fold="closed">
      <div className={styles.threads} role="tablist" aria-label="Threads">
        {threads.map((each, index) => (
          <button
            key={index}
            type="button"
            role="tab"
            aria-selected={index === at}
            className={styles.thread}
            onClick={() => setChosen(index)}
          >
            {nameOf(each, index)}
            {each.crashed && <b>crashed</b>}
            {!each.crashed && each.current && <span>current</span>}
          </button>
        ))}
      </div>
      {thread && <StackBody key={at} title={nameOf(thread, at)} frames={thread.frames} looks={looks} />}
    </Section>
  );
}
