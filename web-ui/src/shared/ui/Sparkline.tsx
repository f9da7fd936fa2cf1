// A row of bars the size of a word: when did it happen within the range.
import { memo } from "react";
import { plural } from "@/shared/format/count";

interface SparklineProps {
  counts: readonly number[];
  width?: number;
  height?: number;
}

export const Sparkline = memo(function Sparkline({ counts, width = 120, height = 24 }: SparklineProps) {
  const max = Math.max(1, ...counts);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const step = width / Math.max(1, counts.length);
  const gap = step > 3 ? 1 : 0;
  return (
    <svg
      width={width}
      height={height}
      role="img"
      aria-label={`${plural(total, "event")} in the range, at most ${max} in a bucket`}
    >
      <line x1={0} x2={width} y1={height - 0.5} y2={height - 0.5} stroke="var(--line-strong)" strokeWidth={1} />
      {counts.map((count, index) => {
        if (count === 0) return null;
        // At least 2 px, so that a single event can be seen.
        const size = Math.max(2, (count / max) * (height - 2));
        return (
          <rect
            key={index}
            x={index * step}
            y={height - size}
            width={Math.max(1, step - gap)}
            height={size}
            rx={step > 4 ? 1 : 0}
            fill="var(--accent)"
          />
        );
      })}
    </svg>
  );
});
