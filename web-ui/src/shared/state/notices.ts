// The one notice at the bottom of the screen: what was done, with an undo, or what
// failed. A newer one replaces it.
import { create } from "zustand";

export interface Notice {
  id: number;
  text: string;
  /** Offered as "Undo". */
  undo?: () => void;
}

interface Notices {
  notice: Notice | null;
  show: (text: string, undo?: () => void) => void;
  dismiss: () => void;
}

let lastId = 0;

export const useNotices = create<Notices>()((set) => ({
  notice: null,
  show: (text, undo) => set({ notice: { id: ++lastId, text, ...(undo ? { undo } : {}) } }),
  dismiss: () => set({ notice: null }),
}));
