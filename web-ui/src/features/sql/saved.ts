// What somebody wrote on this device: the draft, the queries they kept, those they ran.
import { create } from "zustand";
import { persist } from "zustand/middleware";

/** Queries that were run; older ones give way. */
const HISTORY_MAX = 50;
/** Queries that are kept, and their length. */
const SAVED_MAX = 200;
const TEXT_MAX = 100_000;

export interface Ran {
  text: string;
  atMs: number;
}

export interface Saved {
  name: string;
  text: string;
}

interface Kept {
  draft: string;
  history: Ran[];
  saved: Saved[];
  setDraft: (draft: string) => void;
  /** The newest first, each text once. */
  ran: (text: string, atMs: number) => void;
  /** One of the same name is replaced. */
  save: (name: string, text: string) => void;
  forget: (name: string) => void;
}

export const useKept = create<Kept>()(
  persist(
    (set) => ({
      draft: "",
      history: [],
      saved: [],
      setDraft: (draft) => set({ draft: draft.slice(0, TEXT_MAX) }),
      ran: (text, atMs) =>
        set(({ history }) => ({
          history: [{ text, atMs }, ...history.filter((each) => each.text !== text)].slice(0, HISTORY_MAX),
        })),
      save: (name, text) =>
        set(({ saved }) => ({
          saved: [{ name, text }, ...saved.filter((each) => each.name !== name)].slice(0, SAVED_MAX),
        })),
      forget: (name) => set(({ saved }) => ({ saved: saved.filter((each) => each.name !== name) })),
    }),
    { name: "errata.sql", version: 1 },
  ),
);
