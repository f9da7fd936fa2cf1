// What an explanation of grouping says, in the words and in the order of the page.
import type { GroupingComponent } from "@/gen/errata/v1/event_read_pb";

/** What a component is called on the page. */
const names: Record<string, string> = {
  event: "Event",
  error: "Error",
  part: "Kind of error",
  frame: "Frame",
  type: "Type",
  value: "Text",
  message: "Message",
  entry: "Entry",
  default: "Without it",
  code: "Code",
  rules: "Rules",
};

export const nameOf = ({ name }: GroupingComponent): string => names[name] ?? name;

/** A line of the tree, or a run of frames that are left out for one reason. */
export type Line = { kind: "one"; component: GroupingComponent } | { kind: "run"; components: GroupingComponent[] };

/** Runs of fewer are shown as they are. */
const RUN_MIN = 3;

/** The parts in the order to show them, what is left out for one reason as one line. */
export function linesOf(parts: readonly GroupingComponent[], newestFirst: boolean): Line[] {
  const frames = parts.filter((part) => part.name === "frame");
  const others = parts.filter((part) => part.name !== "frame");
  const ordered = newestFirst ? [...others.toReversed(), ...frames.toReversed()] : [...others, ...frames];
  // Type, text and code of an error come first, however its calls are read.
  const sorted = ordered.toSorted((a, b) => rank(a) - rank(b));
  const lines: Line[] = [];
  for (const component of sorted) {
    const last = lines.at(-1);
    const joins = (other: GroupingComponent | undefined) =>
      other?.name === "frame" && !other.counts && other.why === component.why;
    if (component.name === "frame" && !component.counts && last?.kind === "run" && joins(last.components[0]))
      last.components.push(component);
    else if (component.name === "frame" && !component.counts) lines.push({ kind: "run", components: [component] });
    else lines.push({ kind: "one", component });
  }
  return lines.flatMap((line): Line[] =>
    line.kind === "run" && line.components.length < RUN_MIN
      ? line.components.map((component) => ({ kind: "one", component }))
      : [line],
  );
}

const RANKS = ["type", "value", "message", "code"];

function rank({ name }: GroupingComponent): number {
  const at = RANKS.indexOf(name);
  return at === -1 ? RANKS.length : at;
}

/** How much of an event counts: "2 errors and 5 of 31 frames". */
export function summaryOf(root: GroupingComponent): string {
  let errors = 0;
  let counted = 0;
  let all = 0;
  const walk = (component: GroupingComponent, counts: boolean): void => {
    for (const part of component.parts) {
      const does = counts && part.counts;
      if (part.name === "frame") {
        all += 1;
        if (does) counted += 1;
      } else {
        if (part.name === "error" && does) errors += 1;
        walk(part, does);
      }
    }
  };
  walk(root, true);
  const words = [
    ...(errors > 0 ? [errors === 1 ? "1 error" : `${errors} errors`] : []),
    ...(all > 0 ? [`${counted} of ${all} ${all === 1 ? "frame" : "frames"}`] : []),
  ];
  return words.join(", ");
}

/** The event in what somebody pasted: an id, or an address that ends in one; "" if there is none. */
export const eventIdIn = (text: string): string =>
  [...text.toLowerCase().matchAll(/(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])/g)].at(-1)?.[0] ??
  // As other tools write ids.
  text
    .toLowerCase()
    .match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/)?.[0]
    .replaceAll("-", "") ??
  "";
