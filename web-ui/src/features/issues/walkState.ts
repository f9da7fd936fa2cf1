// The list that was shown last, kept for the walk from issue to issue, in this tab only.
import { create } from "zustand";
import { createJSONStorage, persist } from "zustand/middleware";

/** A stretch of the list that one walks through. */
export interface Stretch {
  ids: readonly string[];
  /** How many issues of the list stand before it. */
  before: number;
}

interface Walk extends Stretch {
  /** The list's query string; null: one came by a link. */
  search: string | null;
  /** Issues of the whole list. */
  total: number;
  /** Called whenever the list is shown. */
  see: (search: string) => void;
  take: (stretch: Stretch, total: number) => void;
}

export const useWalk = create<Walk>()(
  persist(
    (set) => ({
      search: null,
      ids: [],
      before: 0,
      total: 0,
      see: (search) => set({ search, ids: [], before: 0, total: 0 }),
      take: ({ ids, before }, total) => set({ ids, before, total }),
    }),
    { name: "errata.walk", version: 2, storage: createJSONStorage(() => window.sessionStorage) },
  ),
);
