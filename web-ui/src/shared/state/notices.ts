// What was done, with the way back, and what failed, with another try. What failed
// stays until it is dealt with; the rest goes by itself. The ten newest ways back
// are kept longer than their notices: `z` and Ctrl-Z take them one by one.
import { create } from "zustand";

/** So many ways back are kept. */
const UNDO_MAX = 10;
/** More at once would cover the page; the oldest that is not a failure goes first. */
const SHOWN_MAX = 3;

export interface Notice {
  id: number;
  text: string;
  failed: boolean;
  /** Offered as "Undo". */
  undo?: () => void;
  /** Offered as "Retry". */
  retry?: () => void;
  /** What the server's log has a failure under. */
  errorId?: string;
  /** A later failure of the same topic replaces this one. */
  topic?: string;
}

interface Notices {
  /** Oldest first. */
  shown: readonly Notice[];
  /** Oldest first. */
  undos: readonly Notice[];
  show: (text: string, undo?: () => void) => void;
  fail: (text: string, options?: { retry?: () => void; topic?: string; errorId?: string }) => void;
  dismiss: (id: number) => void;
  dismissTopic: (topic: string) => void;
  /** Takes one back: the given notice's, else the newest. */
  undo: (id?: number) => void;
  /** Nothing of one reader is left for the next. */
  clear: () => void;
}

let lastId = 0;

const bounded = (notices: readonly Notice[]): readonly Notice[] => {
  if (notices.length <= SHOWN_MAX) return notices;
  const surplus = notices.findIndex((notice) => !notice.failed);
  return notices.filter((_, index) => index !== Math.max(0, surplus));
};

export const useNotices = create<Notices>()((set, get) => ({
  shown: [],
  undos: [],
  show: (text, undo) =>
    set((state) => {
      const notice: Notice = { id: ++lastId, text, failed: false, ...(undo ? { undo } : {}) };
      return {
        shown: bounded([...state.shown, notice]),
        undos: undo ? [...state.undos, notice].slice(-UNDO_MAX) : state.undos,
      };
    }),
  fail: (text, options = {}) =>
    set((state) => ({
      shown: bounded([
        ...state.shown.filter((each) => options.topic === undefined || each.topic !== options.topic),
        { id: ++lastId, text, failed: true, ...options },
      ]),
    })),
  dismiss: (id) => set((state) => ({ shown: state.shown.filter((each) => each.id !== id) })),
  dismissTopic: (topic) => set((state) => ({ shown: state.shown.filter((each) => each.topic !== topic) })),
  undo: (id) => {
    const { undos } = get();
    const chosen = id === undefined ? undos.at(-1) : undos.find((each) => each.id === id);
    if (!chosen) return;
    set((state) => ({
      undos: state.undos.filter((each) => each !== chosen),
      shown: state.shown.filter((each) => each.id !== chosen.id),
    }));
    chosen.undo?.();
  },
  clear: () => set({ shown: [], undos: [] }),
}));
