// Stacked bars over time. The whole is one image with a label for screen readers; a
// pointer or the arrow keys show a bucket's span, total and parts. Where a bucket
// leads somewhere, a press on it, or a stretch of them drawn over, goes there.
import { type KeyboardEvent, type PointerEvent, useId, useLayoutEffect, useRef, useState } from "react";
import { exactCount, plural, shortCount } from "@/shared/format/count";
import { spanLabel } from "@/shared/format/time";
import { fillOf, SeriesPatterns, swatchOf } from "./patterns";
import { timeTicks } from "./timeTicks";
import styles from "./ui.module.css";

export interface ChartSeries {
  name: string;
  colour: string;
  counts: readonly number[];
}

/** A moment to be marked: a release. */
export interface ChartMark {
  atMs: number;
  text: string;
}

interface BarChartProps {
  /** What the bars are, for screen readers: "Events by level". */
  label: string;
  from: Date;
  bucketS: number;
  /** Where buckets begin, and the last one ends, milliseconds since 1970: of those that are not of one length. */
  edgesMs?: readonly number[] | undefined;
  series: readonly ChartSeries[];
  /** What is to be compared with: a line of what the bars were in the time before. */
  ghost?: readonly number[] | undefined;
  height?: number;
  /** What is counted: "event". */
  one?: string;
  marks?: readonly ChartMark[];
  /** A line across: what a bar may reach at most. */
  limit?: number | undefined;
  /** What a press does, in words: "Open the issues of". */
  hint?: string;
  onSpan?: (fromS: number, toS: number) => void;
}

const AXIS_LEFT = 36;
const AXIS_BOTTOM = 20;
const TICK_WIDTH = 88;
const TIP_WIDTH = 190;
/** A limit so many times the highest bar is not drawn. */
const LIMIT_TIMES_MAX = 10;

/** The next "round" number (1, 2, 5 × 10ⁿ) that holds `max`. */
export function niceCeiling(max: number): number {
  if (max <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(max));
  const step = [1, 2, 4, 5, 10].find((candidate) => candidate * power >= max) ?? 10;
  return step * power;
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

/** Where a moment is, in buckets from the first one on. */
function placeOf(atMs: number, fromMs: number, bucketS: number, edgesMs: readonly number[] | undefined): number {
  if (!edgesMs || edgesMs.length < 2) return (atMs - fromMs) / 1000 / bucketS;
  const after = edgesMs.findIndex((edge) => edge > atMs);
  const index = after === -1 ? edgesMs.length - 2 : Math.max(0, after - 1);
  const [start = fromMs, end = fromMs + 1] = [edgesMs[index], edgesMs[index + 1]];
  return index + (atMs - start) / (end - start);
}

/** Closer marks are one: their flags would lie on each other. */
const MARK_WIDTH = 10;
/** So many are named. */
const MARK_NAMES_MAX = 4;

/** Marks from left to right, those that would touch as one. */
function joined(marks: readonly ChartMark[], xOf: (atMs: number) => number): { x: number; texts: string[] }[] {
  const all: { x: number; texts: string[] }[] = [];
  let lastX = -Infinity;
  for (const { atMs, text } of [...marks].sort((a, b) => a.atMs - b.atMs)) {
    const x = xOf(atMs);
    if (x - lastX < MARK_WIDTH) all.at(-1)?.texts.push(text);
    else all.push({ x, texts: [text] });
    lastX = all.at(-1)?.x ?? x;
  }
  return all;
}

const tipOf = (texts: readonly string[]): string =>
  texts.length <= MARK_NAMES_MAX + 1
    ? texts.join(", ")
    : `${texts.slice(0, MARK_NAMES_MAX).join(", ")} and ${texts.length - MARK_NAMES_MAX} more`;

export function BarChart({
  label,
  from,
  bucketS,
  edgesMs,
  series,
  ghost,
  height = 160,
  one = "event",
  marks = [],
  limit,
  hint,
  onSpan,
}: BarChartProps) {
  const id = useId();
  const [ref, width] = useWidth();
  const [hovered, setHovered] = useState<number | null>(null);
  const [drawnFrom, setDrawnFrom] = useState<number | null>(null);
  const buckets = Math.max(0, ...series.map((each) => each.counts.length));
  const totals = Array.from({ length: buckets }, (_, i) =>
    series.reduce((sum, each) => sum + (each.counts[i] ?? 0), 0),
  );
  const highest = Math.max(0, ...totals, ...(ghost ?? []));
  // A limit far above all bars is told in words: beside it they could not be read.
  const line = limit !== undefined && limit <= highest * LIMIT_TIMES_MAX ? limit : undefined;
  const ceiling = niceCeiling(Math.max(highest, line ?? 0));
  const plotWidth = width - AXIS_LEFT;
  const plotHeight = height - AXIS_BOTTOM;
  const step = plotWidth / Math.max(1, buckets);
  const barWidth = Math.max(1, step - (step > 5 ? 2 : step > 3 ? 1 : 0));
  const y = (count: number) => plotHeight - (count / ceiling) * (plotHeight - 6);
  const fromMs = edgesMs?.[0] ?? from.getTime();
  const startOf = (index: number) => edgesMs?.[index] ?? fromMs + index * bucketS * 1000;
  const xOf = (atMs: number) => AXIS_LEFT + placeOf(atMs, fromMs, bucketS, edgesMs) * step;

  const bucketAt = (event: PointerEvent<SVGSVGElement>): number | null => {
    const index = Math.floor((event.clientX - event.currentTarget.getBoundingClientRect().left - AXIS_LEFT) / step);
    return index >= 0 && index < buckets ? index : null;
  };
  const open = (first: number, last: number) =>
    onSpan?.(startOf(Math.min(first, last)) / 1000, startOf(Math.max(first, last) + 1) / 1000);
  const onKey = (event: KeyboardEvent) => {
    const at = hovered ?? buckets;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: buckets - 1 }[event.key];
    if (to !== undefined) setHovered(Math.max(0, Math.min(to, buckets - 1)));
    else if (event.key === "Enter" && hovered !== null && onSpan) open(hovered, hovered);
    else return;
    event.preventDefault();
  };

  const all = totals.reduce((sum, count) => sum + count, 0);
  const [first, last] =
    hovered === null ? [0, -1] : [Math.min(hovered, drawnFrom ?? hovered), Math.max(hovered, drawnFrom ?? hovered)];
  const sumOf = (counts: readonly number[]) => counts.slice(first, last + 1).reduce((sum, count) => sum + count, 0);
  const tipOnLeft = AXIS_LEFT + (last + 1) * step + TIP_WIDTH > width;
  return (
    <div ref={ref} className={styles.chart}>
      <svg
        height={height}
        role="img"
        tabIndex={0}
        data-opens={onSpan !== undefined}
        aria-label={`${label}: ${plural(all, one)}, at most ${exactCount(highest)} in a bucket${limit === undefined ? "" : `, limit ${exactCount(limit)}`}`}
        onPointerDown={(event) => event.button === 0 && setDrawnFrom(bucketAt(event))}
        onPointerMove={(event) => setHovered(bucketAt(event))}
        onPointerUp={(event) => {
          const to = bucketAt(event);
          if (drawnFrom !== null && to !== null) open(drawnFrom, to);
          setDrawnFrom(null);
        }}
        onPointerLeave={() => {
          setHovered(null);
          setDrawnFrom(null);
        }}
        onKeyDown={onKey}
        onBlur={() => setHovered(null)}
      >
        <SeriesPatterns id={id} colours={series.map((each) => each.colour)} />
        {[0, ceiling / 2, ceiling].map((value) => (
          <g key={value}>
            <line
              x1={AXIS_LEFT}
              x2={width}
              y1={y(value)}
              y2={y(value)}
              stroke={value === 0 ? "var(--line-strong)" : "var(--line)"}
            />
            {(Number.isInteger(value) || value === ceiling) && (
              <text className={styles.chartAxis} x={AXIS_LEFT - 8} y={y(value) + 4} textAnchor="end">
                {shortCount(value)}
              </text>
            )}
          </g>
        ))}
        {hovered !== null && (
          <rect
            x={AXIS_LEFT + first * step}
            y={0}
            width={(last - first + 1) * step}
            height={plotHeight}
            fill="var(--wash-strong)"
          />
        )}
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
            return (
              <rect
                key={`${index}-${each.name}`}
                x={AXIS_LEFT + index * step}
                y={bottom - size}
                width={barWidth}
                height={size}
                fill={fillOf(id, place, each.colour)}
              />
            );
          });
        })}
        {ghost && (
          <path
            className={styles.chartGhost}
            d={ghost
              .slice(0, buckets)
              .map((count, index) => `${index === 0 ? "M" : "L"}${AXIS_LEFT + index * step} ${y(count)}h${step}`)
              .join("")}
          />
        )}
        {line !== undefined && (
          <line
            className={styles.chartLimit}
            x1={AXIS_LEFT}
            x2={width}
            y1={y(line)}
            y2={y(line)}
            strokeWidth={1.5}
            strokeDasharray="6 4"
          />
        )}
        {joined(marks, xOf).map(({ x, texts }) => (
          <g key={`${x}-${texts[0] ?? ""}`} data-tip={tipOf(texts)}>
            <line x1={x} x2={x} y1={0} y2={plotHeight} stroke="var(--ink-faint)" strokeDasharray="2 3" />
            <path d={`M${x} 0h7l-2 3.500 2 3.500h-7z`} fill="var(--ink-faint)" />
          </g>
        ))}
        {timeTicks(fromMs, startOf(buckets), Math.floor(plotWidth / TICK_WIDTH)).map(({ atMs, text }) => {
          const x = xOf(atMs);
          return (
            <g key={atMs}>
              <line x1={x} x2={x} y1={plotHeight} y2={plotHeight + 4} stroke="var(--line-strong)" />
              <text
                className={styles.chartAxis}
                x={x}
                y={height - 4}
                textAnchor={x < AXIS_LEFT + 20 ? "start" : x > width - 20 ? "end" : "middle"}
              >
                {text}
              </text>
            </g>
          );
        })}
      </svg>
      {hovered !== null && (
        <div
          className={styles.chartTip}
          role="status"
          style={
            tipOnLeft ? { right: width - (AXIS_LEFT + first * step) + 8 } : { left: AXIS_LEFT + (last + 1) * step + 8 }
          }
        >
          <strong>{spanLabel(new Date(startOf(first)), new Date(startOf(last + 1)))}</strong>
          <div>
            <span />
            <b>{plural(sumOf(totals), one)}</b>
          </div>
          {series.length > 1 &&
            series.map((each, place) => (
              <div key={each.name}>
                <span className={styles.swatch} style={swatchOf(place, each.colour)} />
                <span>{each.name || one}</span>
                <span>{exactCount(sumOf(each.counts))}</span>
              </div>
            ))}
          {ghost && (
            <div>
              <span className={styles.swatchGhost} />
              <span>time before</span>
              <span>{exactCount(sumOf(ghost))}</span>
            </div>
          )}
          {hint && onSpan && <small>{hint}</small>}
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
