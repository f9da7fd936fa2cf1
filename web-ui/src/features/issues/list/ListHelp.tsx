// The keys of the list, in words: what `useListKeys` does. Fetched when they are asked for.
import { KeyHelp, type KeyWords } from "@/shared/ui/KeyHelp";

const KEYS: KeyWords = [
  ["j k", "next, previous issue"],
  ["Enter", "open"],
  ["x", "select"],
  ["X", "select up to here"],
  ["e", "resolve"],
  ["i", "ignore"],
  ["a", "assign"],
  ["/", "search"],
  ["Esc", "clear the selection"],
];

export function ListHelp({ onClose }: { onClose: () => void }) {
  return <KeyHelp keys={KEYS} onClose={onClose} />;
}
