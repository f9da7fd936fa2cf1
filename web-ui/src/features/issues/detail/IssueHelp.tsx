// The keys of the issue page, in words: what `useIssueKeys` does. Fetched when they are
// asked for.
import { KeyHelp, type KeyWords } from "@/shared/ui/KeyHelp";

const KEYS: KeyWords = [
  ["j k", "next, previous issue of the list"],
  ["[ ]", "older, newer event"],
  ["e", "resolve, or reopen"],
  ["E", "resolve and go to the next"],
  ["i", "ignore, or reopen"],
  ["a", "assign"],
  ["Esc", "back to the list"],
];

export function IssueHelp({ onClose }: { onClose: () => void }) {
  return <KeyHelp keys={KEYS} onClose={onClose} />;
}
