// The list that was shown last, kept for the walk from issue to issue, in this tab only.
import { create } from "zustand";
import { createJSONStorage, persist } from "zustand/middleware";

interface Walk {
  /** The list's query string; null: one came by a link. */
  search: string | null;
  ids: readonly string[];
  /** Issues of the whole list. */
  total: number;
  /** Called whenever the list is shown. */
  see: (search: string) => void;
  take: (ids: readonly string[], total: number) => void;
}

export const useWalk = create<Walk>()(
  persist(
    (set) => ({
      search: null,
      ids: [],
      total: 0,
      see: (search) => set({ search, ids: [], total: 0 }),
      take: (ids, total) => set({ ids, total }),
    }),
    { name: "errata.walk", version: 1, storage: createJSONStorage(() => window.sessionStorage) },
  ),
);
