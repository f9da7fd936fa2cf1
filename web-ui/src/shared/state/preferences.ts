// What a reader sets once on this device: colour scheme, width of the rail, the order
// of calls in a stack, whether lists show what their rows have in common.
import { create } from "zustand";
import { persist } from "zustand/middleware";

export type SchemePreference = "system" | "light" | "dark";

interface Preferences {
  scheme: SchemePreference;
  railCollapsed: boolean;
  /** Which call of a stack comes first. */
  callOrder: "newest" | "oldest";
  /** Whether lists of issues show what they have in common. */
  issueFacets: boolean;
  setScheme: (scheme: SchemePreference) => void;
  toggleRail: () => void;
  setCallOrder: (order: "newest" | "oldest") => void;
  toggleIssueFacets: () => void;
}

export const usePreferences = create<Preferences>()(
  persist(
    (set) => ({
      scheme: "system",
      railCollapsed: false,
      callOrder: "newest",
      issueFacets: false,
      setScheme: (scheme) => set({ scheme }),
      toggleRail: () => set((state) => ({ railCollapsed: !state.railCollapsed })),
      setCallOrder: (callOrder) => set({ callOrder }),
      toggleIssueFacets: () => set((state) => ({ issueFacets: !state.issueFacets })),
    }),
    { name: "errata.preferences", version: 1 },
  ),
);
