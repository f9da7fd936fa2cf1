// Which frames of an event count for its issue, as the stack shows them.
import { createContext } from "react";
import { create } from "zustand";
import type { GroupingComponent, GroupingExplanation } from "@/gen/errata/v1/event_read_pb";

/** Whether a frame counts, and what says so. */
export interface Mark {
  counts: boolean;
  why: string;
}

/** By the frame's place in its stack, from the oldest call, 0. */
export type StackMarks = ReadonlyMap<number, Mark>;

/** Of a stack that is no exception's: a message's. */
export const NO_EXCEPTION = -1;

/** The marks of each stack, by its exception's place in the event. */
export function marksOf(explanation: GroupingExplanation): ReadonlyMap<number, StackMarks> {
  const stacks = new Map<number, Map<number, Mark>>();
  const walk = (component: GroupingComponent, exception: number): void => {
    for (const part of component.parts) {
      if (part.name === "frame" && part.index !== undefined) {
        const stack = stacks.get(exception) ?? new Map<number, Mark>();
        // An error that is left out as a whole counts with none of its frames.
        stack.set(part.index, { counts: part.counts && component.counts, why: part.why || component.why });
        stacks.set(exception, stack);
      } else {
        walk(part, part.index ?? exception);
      }
    }
  };
  if (explanation.root) walk(explanation.root, NO_EXCEPTION);
  return stacks;
}

/** The marks of the event that is shown; none while nobody asks why. */
export const Marks = createContext<ReadonlyMap<number, StackMarks> | null>(null);
/** The marks of the stack that is shown. */
export const MarksOfStack = createContext<StackMarks | null>(null);

/** In the address: the event that the one shown is compared with. */
export const COMPARED = "compare";

/** Whether the reader asks why: they go on asking from event to event. */
export const useAsksWhy = create<{ asks: boolean; setAsks: (asks: boolean) => void }>()((set) => ({
  asks: false,
  setAsks: (asks) => set({ asks }),
}));
