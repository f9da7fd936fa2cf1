// The newest position that a command of this tab was answered with. Every read
// passes it on as `after_position`, so that people read their own writes.
import { create } from "zustand";

interface Consistency {
  /** A position of the events log in decimal digits; "0": no command yet. */
  position: string;
  advance: (position: string) => void;
}

export const useConsistency = create<Consistency>()((set) => ({
  position: "0",
  advance: (position) => set((state) => (BigInt(position) > BigInt(state.position) ? { position } : state)),
}));

export const afterPosition = () => useConsistency.getState().position;
