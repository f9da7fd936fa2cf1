// What a reader sets once on this device: colour scheme, width of the rail, the order
// of calls in a stack.
import { create } from "zustand";
import { persist } from "zustand/middleware";

export type SchemePreference = "system" | "light" | "dark";

interface Preferences {
  scheme: SchemePreference;
  railCollapsed: boolean;
  /** Which call of a stack comes first. */
  callOrder: "newest" | "oldest";
  setScheme: (scheme: SchemePreference) => void;
  toggleRail: () => void;
  setCallOrder: (order: "newest" | "oldest") => void;
}

export const usePreferences = create<Preferences>()(
  persist(
    (set) => ({
      scheme: "system",
      railCollapsed: false,
      callOrder: "newest",
      setScheme: (scheme) => set({ scheme }),
      toggleRail: () => set((state) => ({ railCollapsed: !state.railCollapsed })),
      setCallOrder: (callOrder) => set({ callOrder }),
    }),
    { name: "errata.preferences", version: 1 },
  ),
);
