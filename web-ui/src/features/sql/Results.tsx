// The rows of an answer: those in view are drawn, a press on a head sorts, one on a row
// shows it whole.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import { Link } from "react-router";
import { visible } from "@/shared/format/controls";
import { Icon } from "@/shared/ui/Icon";
import type { Answer, Value } from "./api/runQuery";
import { alignsRight, type Order, shown, sorted, textOf, widths } from "./rows";
import styles from "./sql.module.css";

/** Pixels, as in sql.module.css. */
const ROW_HEIGHT = 29;
const OVERSCAN = 12;
/** So many rows are all drawn. */
const FEW = 60;
/** Rows that say how wide a column is. */
const SAMPLE = 200;
/** Characters of a cell; the row shown whole has all. */
const CELL_MAX = 300;

export function Results({ answer, onRow }: { answer: Answer; onRow: (row: readonly Value[]) => void }) {
  const [order, setOrder] = useState<Order | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => sorted(answer.rows, order), [answer.rows, order]);
  const columns = useMemo(() => widths(answer, SAMPLE), [answer]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
  });
  const items = virtual.getVirtualItems();
  const isFew = rows.length <= FEW;
  const drawn = isFew ? rows.map((_, index) => index) : items.map(({ index }) => index);
  const above = isFew ? 0 : (items[0]?.start ?? 0);
  const below = isFew ? 0 : virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const turn = (column: number) =>
    setOrder((now) => (now?.column !== column ? { column, down: false } : now.down ? null : { column, down: true }));
  return (
    <div ref={box} className={styles.results} tabIndex={0} role="region" aria-label="Rows">
      <table aria-rowcount={rows.length + 1}>
        <colgroup>
          {columns.map((width, at) => (
            <col key={at} style={{ width: `calc(${width}ch + 24px)` }} />
          ))}
        </colgroup>
        <thead>
          <tr>
            {answer.columns.map(({ name, type }, at) => (
              <th
                key={at}
                data-right={alignsRight(type)}
                aria-sort={order?.column === at ? (order.down ? "descending" : "ascending") : "none"}
              >
                <button type="button" data-tip={type} onClick={() => turn(at)}>
                  {visible(name)}
                  {order?.column === at && (
                    <span data-down={order.down} className={styles.arrow}>
                      <Icon name="chevronDown" size={12} />
                    </span>
                  )}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {above > 0 && <Gap height={above} />}
          {drawn.map((index) => {
            const row = rows[index] ?? [];
            return (
              <tr key={index} aria-rowindex={index + 2} onClick={() => onRow(row)}>
                {answer.columns.map(({ name, type }, at) => (
                  <td key={at} data-right={alignsRight(type)}>
                    <Cell name={name} type={type} value={row[at] ?? null} />
                  </td>
                ))}
              </tr>
            );
          })}
          {below > 0 && <Gap height={below} />}
        </tbody>
      </table>
    </div>
  );
}

const Gap = ({ height }: { height: number }) => (
  <tr aria-hidden className={styles.gap}>
    <td style={{ height }} />
  </tr>
);

function Cell({ name, type, value }: { name: string; type: string; value: Value }) {
  if (value === null) return <span className={styles.none}>–</span>;
  const text = shown(value, type);
  if (name === "issue_id" && /^[0-9a-f]{16}$/.test(text)) {
    return (
      <Link to={`/issues/${text}`} onClick={(event) => event.stopPropagation()}>
        {text}
      </Link>
    );
  }
  return visible(text.length > CELL_MAX ? `${text.slice(0, CELL_MAX)}…` : text);
}

/** One row, whole. */
export function WholeRow({ answer, row }: { answer: Answer; row: readonly Value[] }) {
  return (
    <dl className={styles.whole}>
      {answer.columns.map(({ name, type }, at) => {
        const value = row[at] ?? null;
        const text = typeof value === "object" && value !== null ? JSON.stringify(value, null, 2) : textOf(value);
        return (
          <div key={at}>
            <dt>
              {visible(name)} <small>{type}</small>
            </dt>
            <dd>{value === null ? <span className={styles.none}>–</span> : <pre>{visible(pretty(text))}</pre>}</dd>
          </div>
        );
      })}
    </dl>
  );
}

/** A text that is a JSON document is easier read in lines. */
function pretty(text: string): string {
  if (!text.startsWith("{")) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
