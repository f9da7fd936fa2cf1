// What can be chosen from a list, and what is left of it when a word is typed.
import type { ReactNode } from "react";

export interface Choice {
  id: string;
  /** Searched, read out, and shown unless there is something else to show. */
  text: string;
  /** The heading it stands under. */
  group?: string;
  shown?: ReactNode;
  chosen?: boolean;
  /** Several of its kind may be chosen: the list stays open. */
  several?: boolean;
}

/** From so many on, nobody reads all: a field narrows them. */
export const SEARCHED_FROM = 9;
/** So many are drawn; a word finds the others. */
export const DRAWN_MAX = 100;

const folded = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** Those in whose text or heading each word occurs; their order stays. */
export function narrowed(choices: readonly Choice[], text: string): Choice[] {
  const words = folded(text).split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...choices];
  return choices.filter((choice) => {
    const holds = folded(`${choice.group ?? ""} ${choice.text}`);
    return words.every((word) => holds.includes(word));
  });
}

/** Where a key leads in a list of `count`; null: nowhere. The ends are joined. */
export function moved(key: string, at: number, count: number): number | null {
  if (count === 0) return null;
  switch (key) {
    case "ArrowDown":
      return (at + 1) % count;
    case "ArrowUp":
      return (at - 1 + count) % count;
    case "PageDown":
      return Math.min(at + 8, count - 1);
    case "PageUp":
      return Math.max(at - 8, 0);
    default:
      return null;
  }
}

/** The next choice that begins with a typed letter, going round; null: none. */
export function startingWith(choices: readonly Choice[], letter: string, at: number): number | null {
  for (let step = 1; step <= choices.length; step += 1) {
    const index = (at + step) % choices.length;
    if (folded(choices[index]?.text ?? "").startsWith(folded(letter))) return index;
  }
  return null;
}
