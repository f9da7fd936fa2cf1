// What tells the series of a chart apart without colour: each has a pattern of its own,
// in the bars and in the legend.
import type { CSSProperties } from "react";

/** Pixels of a tile. */
const TILE = 6;
/** Drawn over the colour of a series, in that of the page: lines that any eye finds. */
const SHAPES: readonly (string | null)[] = [
  null,
  "M-1 1l2-2M0 6l6-6M5 7l2-2",
  "M0 3h6",
  "M1.5 1.5h.01M4.5 4.5h.01",
  "M3 0v6",
  "M0 0l6 6M0 6l6-6",
];

const shapeOf = (index: number): string | null => SHAPES[index % SHAPES.length] ?? null;

/** How bars of the series are filled; the chart's `SeriesPatterns` must have the same id. */
export const fillOf = (id: string, index: number, colour: string): string =>
  shapeOf(index) === null ? colour : `url(#${id}-${index})`;

export function SeriesPatterns({ id, colours }: { id: string; colours: readonly string[] }) {
  return (
    <defs>
      {colours.map((colour, index) => {
        const shape = shapeOf(index);
        return (
          shape !== null && (
            <pattern key={index} id={`${id}-${index}`} width={TILE} height={TILE} patternUnits="userSpaceOnUse">
              <rect width={TILE} height={TILE} fill={colour} />
              <path d={shape} stroke="var(--paper)" strokeWidth={1.6} strokeLinecap="round" fill="none" />
            </pattern>
          )
        );
      })}
    </defs>
  );
}

const LINE = "var(--paper)";
/** The same patterns for a swatch, by `SHAPES`' order. */
const GRADIENTS: readonly string[] = [
  "",
  `repeating-linear-gradient(135deg, transparent 0 2px, ${LINE} 2px 3.5px)`,
  `repeating-linear-gradient(0deg, transparent 0 2px, ${LINE} 2px 3.5px)`,
  `radial-gradient(${LINE} 30%, transparent 34%) 0 0 / 4px 4px`,
  `repeating-linear-gradient(90deg, transparent 0 2px, ${LINE} 2px 3.5px)`,
  `repeating-linear-gradient(45deg, transparent 0 2px, ${LINE} 2px 3px), repeating-linear-gradient(135deg, transparent 0 2px, ${LINE} 2px 3px)`,
];

export const swatchOf = (index: number, colour: string): CSSProperties => ({
  background: [GRADIENTS[index % GRADIENTS.length], colour].filter(Boolean).join(", "),
});
