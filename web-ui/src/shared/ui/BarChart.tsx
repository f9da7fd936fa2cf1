// Stacked bars over time. The whole is one image with a label for screen readers;
// a pointer sees the numbers of a bucket.
import { type PointerEvent, useId, useLayoutEffect, useRef, useState } from "react";
import { exactCount, plural, shortCount } from "@/shared/format/count";
import { bucketLabel, tickLabel } from "@/shared/format/time";
import { fillOf, SeriesPatterns, swatchOf } from "./patterns";
import styles from "./ui.module.css";

export interface ChartSeries {
  name: string;
  colour: string;
  counts: readonly number[];
}

interface BarChartProps {
  /** What the bars are, for screen readers: "Events by level". */
  label: string;
  from: Date;
  bucketS: number;
  series: readonly ChartSeries[];
  height?: number;
  /** What a press does, in words: "Show the events of". */
  hint?: string;
  onSpan?: (fromS: number, toS: number) => void;
}

const AXIS_LEFT = 36;
const AXIS_BOTTOM = 20;
const TICK_WIDTH = 96;

/** The next "round" number (1, 2, 5 × 10ⁿ) that holds `max`. */
export function niceCeiling(max: number): number {
  if (max <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(max));
  const step = [1, 2, 4, 5, 10].find((candidate) => candidate * power >= max) ?? 10;
  return step * power;
}

/** Labels that fit, each where its text begins to hold (a day's at the day's start). */
export function ticks(buckets: number, step: number, textOf: (index: number) => string): { index: number; text: string }[] {
  const changes = Array.from({ length: buckets }, (_, index) => ({ index, text: textOf(index) })).filter(
    ({ index, text }) => index === 0 || text !== textOf(index - 1),
  );
  const chosen: typeof changes = [];
  for (const tick of changes) {
    const last = chosen.at(-1);
    if (!last || (tick.index - last.index) * step >= TICK_WIDTH) chosen.push(tick);
  }
  return chosen;
}

function useWidth() {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(600);
  useLayoutEffect(() => {
    const box = ref.current;
    if (!box) return;
    const measure = () => setWidth(Math.max(200, box.clientWidth));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  return [ref, width] as const;
}

export function BarChart({ label, from, bucketS, series, height = 160, hint, onSpan }: BarChartProps) {
  const id = useId();
  const [ref, width] = useWidth();
  const [hovered, setHovered] = useState<number | null>(null);
  const buckets = Math.max(0, ...series.map((each) => each.counts.length));
  const totals = Array.from({ length: buckets }, (_, i) => series.reduce((sum, each) => sum + (each.counts[i] ?? 0), 0));
  const ceiling = niceCeiling(Math.max(0, ...totals));
  const plotWidth = width - AXIS_LEFT;
  const plotHeight = height - AXIS_BOTTOM;
  const step = plotWidth / Math.max(1, buckets);
  const barWidth = Math.max(1, step - (step > 5 ? 2 : step > 3 ? 1 : 0));
  const y = (count: number) => plotHeight - (count / ceiling) * (plotHeight - 6);
  const startOf = (index: number) => new Date(from.getTime() + index * bucketS * 1000);

  const onPointer = (event: PointerEvent<SVGSVGElement>) => {
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left - AXIS_LEFT;
    const index = Math.floor(x / step);
    setHovered(index >= 0 && index < buckets ? index : null);
  };

  const all = totals.reduce((sum, count) => sum + count, 0);
  return (
    <div ref={ref} className={styles.chart}>
      <svg height={height} role="img" aria-label={`${label}: ${plural(all, "event")}, at most ${exactCount(Math.max(0, ...totals))} in a bucket`} onPointerMove={onPointer} onPointerLeave={() => setHovered(null)} onClick={() => hovered !== null && onSpan?.(startOf(hovered).getTime() / 1000, startOf(hovered + 1).getTime() / 1000)} style={onSpan ? { cursor: "pointer" } : undefined}>
        <SeriesPatterns id={id} colours={series.map((each) => each.colour)} />
        {[0, ceiling / 2, ceiling].map((value) => (
          <g key={value}>
            <line x1={AXIS_LEFT} x2={width} y1={y(value)} y2={y(value)} stroke={value === 0 ? "var(--line-strong)" : "var(--line)"} />
            {(Number.isInteger(value) || value === ceiling) && (
              <text className={styles.chartAxis} x={AXIS_LEFT - 8} y={y(value) + 4} textAnchor="end">
                {shortCount(value)}
              </text>
            )}
          </g>
        ))}
        {hovered !== null && <rect x={AXIS_LEFT + hovered * step} y={0} width={step} height={plotHeight} fill="var(--wash-strong)" />}
        {totals.map((total, index) => {
          if (total === 0) return null;
          let below = 0;
          return series.map((each, place) => {
            const count = each.counts[index] ?? 0;
            if (count === 0) return null;
            const bottom = y(below);
            // At least 1.5 px, so that a single fatal event can be seen.
            const size = Math.max(1.5, bottom - y(below + count));
            below += count;
            return <rect key={`${index}-${each.name}`} x={AXIS_LEFT + index * step} y={bottom - size} width={barWidth} height={size} fill={fillOf(id, place, each.colour)} />;
          });
        })}
        {ticks(buckets, step, (index) => tickLabel(startOf(index), buckets * bucketS))
          .filter(({ index }) => index * step + TICK_WIDTH / 2 < plotWidth)
          .map(({ index, text }) => (
            <text key={index} className={styles.chartAxis} x={AXIS_LEFT + index * step} y={height - 4}>
              {text}
            </text>
          ))}
      </svg>
      {hovered !== null && (
        <div className={styles.chartTip} style={{ left: Math.min(Math.max(AXIS_LEFT + (hovered + 0.5) * step, 84), width - 84) }}>
          <strong>
            {onSpan && hint} {bucketLabel(startOf(hovered), bucketS)}
          </strong>
          {series.map((each, place) => (
            <div key={each.name}>
              <span className={styles.swatch} style={swatchOf(place, each.colour)} />
              <span>{each.name || "events"}</span>
              <span>{exactCount(each.counts[hovered] ?? 0)}</span>
            </div>
          ))}
        </div>
      )}
    </div>
  );
}

export function Legend({ series }: { series: readonly ChartSeries[] }) {
  return (
    <div className={styles.legend}>
      {series.map((each, place) => (
        <span key={each.name}>
          <i className={styles.swatch} style={swatchOf(place, each.colour)} />
          {each.name}
        </span>
      ))}
    </div>
  );
}
