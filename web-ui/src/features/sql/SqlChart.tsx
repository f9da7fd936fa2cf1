// The numbers of an answer, drawn: lines over time, or a bar for each value.
import { useState } from "react";
import { exactCount, shortCount } from "@/shared/format/count";
import { visible } from "@/shared/format/controls";
import { niceCeiling } from "@/shared/ui/BarChart";
import type { Answer } from "./api/runQuery";
import { type Drawing, numberOf, shown, textOf } from "./rows";
import styles from "./sql.module.css";

/** Bars of one picture. */
const BARS_MAX = 40;
/** Lines of one picture: as many as there are colours. */
const LINES_MAX = 5;
const WIDTH = 900;
const HEIGHT = 260;
const LEFT = 48;
const BOTTOM = 22;
const TOP = 8;

const colourOf = (at: number): string => `var(--series${at + 1})`;

export function SqlChart({ answer, drawing }: { answer: Answer; drawing: Drawing }) {
  return drawing.kind === "time" ? (
    <Lines answer={answer} drawing={drawing} />
  ) : (
    <Bars answer={answer} drawing={drawing} />
  );
}

const nameOf = (answer: Answer, at: number): string => visible(answer.columns[at]?.name ?? "");

function Bars({ answer, drawing }: { answer: Answer; drawing: Drawing }) {
  const [y, setY] = useState(drawing.ys[0] ?? 0);
  const rows = answer.rows.slice(0, BARS_MAX);
  const numbers = rows.map((row) => numberOf(row[y] ?? null) ?? 0);
  const most = Math.max(...numbers.map(Math.abs), 1e-9);
  return (
    <figure className={styles.chart}>
      {drawing.ys.length > 1 && (
        <label className={styles.pick}>
          Draw{" "}
          <select value={y} onChange={(event) => setY(Number(event.target.value))}>
            {drawing.ys.map((at) => (
              <option key={at} value={at}>
                {nameOf(answer, at)}
              </option>
            ))}
          </select>
        </label>
      )}
      <ol className={styles.bars} aria-label={`${nameOf(answer, y)} by ${nameOf(answer, drawing.x)}`}>
        {rows.map((row, index) => {
          const name = shown(row[drawing.x] ?? null, answer.columns[drawing.x]?.type ?? "");
          const number = numbers[index] ?? 0;
          return (
            <li key={index}>
              <span data-tip={name.length > 40 ? name.slice(0, 300) : undefined}>{visible(name) || "–"}</span>
              <span className={styles.track}>
                <span style={{ width: `${(Math.abs(number) / most) * 100}%` }} />
              </span>
              <span className={styles.barValue} data-tip={exactCount(number)}>
                {shortCount(number)}
              </span>
            </li>
          );
        })}
      </ol>
      {answer.rows.length > BARS_MAX && <figcaption>The first {BARS_MAX} rows.</figcaption>}
    </figure>
  );
}

function Lines({ answer, drawing }: { answer: Answer; drawing: Drawing }) {
  const ys = drawing.ys.slice(0, LINES_MAX);
  const times = answer.rows.map((row) => Date.parse(textOf(row[drawing.x] ?? null)));
  const known = times.filter(Number.isFinite);
  const [first, last] = [Math.min(...known), Math.max(...known)];
  const all = answer.rows.flatMap((row) => ys.map((at) => numberOf(row[at] ?? null) ?? 0));
  const ceiling = niceCeiling(Math.max(...all, 0));
  const floor = Math.min(0, ...all);
  const x = (time: number) => LEFT + ((time - first) / Math.max(1, last - first)) * (WIDTH - LEFT - 8);
  const y = (value: number) => TOP + (1 - (value - floor) / Math.max(1e-9, ceiling - floor)) * (HEIGHT - TOP - BOTTOM);
  const line = (at: number): string => {
    const points = answer.rows.flatMap((row, index) => {
      const [time, value] = [times[index] ?? NaN, numberOf(row[at] ?? null)];
      return Number.isFinite(time) && value !== null ? [{ time, value }] : [];
    });
    points.sort((one, other) => one.time - other.time);
    return points.map(({ time, value }) => `${x(time).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  };
  const names = ys.map((at) => nameOf(answer, at));
  const ticks = [0, 0.5, 1].map((part) => floor + part * (ceiling - floor));
  const moments = known.length > 0 ? [first, (first + last) / 2, last] : [];
  return (
    <figure className={styles.chart}>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={`${names.join(", ")} over time, at most ${exactCount(Math.max(...all, 0))}`}
      >
        {ticks.map((tick) => (
          <g key={tick}>
            <line x1={LEFT} x2={WIDTH - 8} y1={y(tick)} y2={y(tick)} className={styles.grid} />
            <text x={LEFT - 6} y={y(tick) + 4} textAnchor="end">
              {shortCount(tick)}
            </text>
          </g>
        ))}
        {moments.map((moment, at) => (
          <text key={at} x={x(moment)} y={HEIGHT - 4} textAnchor={at === 0 ? "start" : at === 1 ? "middle" : "end"}>
            {shown(new Date(moment).toISOString(), "timestamp").slice(0, 16)}
          </text>
        ))}
        {ys.map((at, index) => (
          <polyline key={at} points={line(at)} fill="none" stroke={colourOf(index)} strokeWidth="1.8" />
        ))}
      </svg>
      <figcaption>
        {names.map((name, index) => (
          <span key={name}>
            <i style={{ background: colourOf(index) }} /> {name}
          </span>
        ))}
        <span>UTC</span>
      </figcaption>
    </figure>
  );
}
