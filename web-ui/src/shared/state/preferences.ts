// What a reader sets once on this device: colour scheme, width of the rail.
import { create } from "zustand";
import { persist } from "zustand/middleware";

export type SchemePreference = "system" | "light" | "dark";

interface Preferences {
  scheme: SchemePreference;
  railCollapsed: boolean;
  setScheme: (scheme: SchemePreference) => void;
  toggleRail: () => void;
}

export const usePreferences = create<Preferences>()(
  persist(
    (set) => ({
      scheme: "system",
      railCollapsed: false,
      setScheme: (scheme) => set({ scheme }),
      toggleRail: () => set((state) => ({ railCollapsed: !state.railCollapsed })),
    }),
    { name: "errata.preferences", version: 1 },
  ),
);
