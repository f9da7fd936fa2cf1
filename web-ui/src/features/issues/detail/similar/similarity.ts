// How much two issues are alike, in words.
const WORDS = [
  [0.85, "nearly the same"],
  [0.65, "much alike"],
] as const;

/** "much alike, 72 %". Never 100 %: they are two. */
export function likeness(score: number): string {
  const words = WORDS.find(([least]) => score >= least)?.[1] ?? "alike";
  return `${words}, ${Math.min(99, Math.round(score * 100))} %`;
}

/** "Same error and 8 of 10 frames; differs in frame `refund` there." */
export function compared(shared: string, differs: string): string {
  const capital = shared.charAt(0).toUpperCase() + shared.slice(1);
  if (shared === "" && differs === "") return "";
  if (differs === "") return `${capital}; events that come now would be one issue.`;
  return shared === "" ? `Differs in ${differs}.` : `${capital}; differs in ${differs}.`;
}
