// Events by hour of the week: a square an hour, the darker the more.
import Skeleton from "@mui/material/Skeleton";
import { useMemo, useRef } from "react";
import { useNavigate } from "react-router";
import { plural } from "@/shared/format/count";
import { Exports } from "@/shared/ui/Exports";
import { ErrorState } from "@/shared/ui/states";
import { eventsLink, withTerm } from "@/shared/url/query";
import type { Scope } from "@/shared/url/scope";
import { useStats } from "./api/queryStats";
import { hoursAsk } from "./asks";
import { edgesOf } from "./Explore";
import { cellTerm, DAYS, heatCells, shade, type HeatCell } from "./heat";
import type { View } from "./view";
import styles from "./analytics.module.css";

const CELL = 20;
const LEFT = 40;
const TOP = 20;
const WIDTH = LEFT + 24 * CELL;
const HEIGHT = TOP + 7 * CELL;
const twoDigits = (hour: number): string => String(hour).padStart(2, "0");

export function HeatMap({ scope, view }: { scope: Scope; view: View }) {
  const query = useStats(scope, hoursAsk(view));
  const navigate = useNavigate();
  const chart = useRef<HTMLDivElement>(null);
  const range = query.data?.range;
  const cells = useMemo(() => (range ? heatCells(edgesOf(range), range.total?.counts.map(Number) ?? []) : []), [range]);
  const most = Math.max(1, ...cells.map((cell) => cell.count));
  const loudest = cells.find((cell) => cell.count === most);
  const open = (cell: HeatCell) => {
    if (cell.count > 0) void navigate(eventsLink(scope, withTerm(view.query, cellTerm(cell))));
  };
  const words = (cell: HeatCell) =>
    `${DAYS[cell.day] ?? ""} ${twoDigits(cell.hour)}:00 – ${twoDigits(cell.hour)}:59: ${plural(cell.count, "error")}`;
  return (
    <section className={styles.section} aria-label="By hour of the week" data-old={query.isPlaceholderData}>
      <header className={styles.sectionHead}>
        <h2>By hour of the week</h2>
        {loudest && <span className={styles.soft}>most {words(loudest)}</span>}
        <span className={styles.grow} />
        {range && (
          <Exports
            title="Events by hour of the week"
            chart={chart}
            table={() => ({
              head: ["day", "hour", "errors"],
              rows: cells.map((cell) => [DAYS[cell.day] ?? "", cell.hour, cell.count]),
            })}
          />
        )}
      </header>
      {query.isPending && <Skeleton height={HEIGHT} width="100%" />}
      {query.isError && <ErrorState error={query.error} retry={() => void query.refetch()} />}
      {range && (
        <div ref={chart} className={styles.heat}>
          <svg
            role="img"
            viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
            aria-label={`Events by hour of the week; most: ${loudest ? words(loudest) : "none"}`}
          >
            {DAYS.map((day, index) => (
              <text key={day} className={styles.heatText} x={0} y={TOP + index * CELL + 14}>
                {day}
              </text>
            ))}
            {[0, 3, 6, 9, 12, 15, 18, 21].map((hour) => (
              <text key={hour} className={styles.heatText} x={LEFT + hour * CELL} y={12}>
                {twoDigits(hour)}
              </text>
            ))}
            {cells.map((cell) => (
              <rect
                key={`${cell.day}-${cell.hour}`}
                className={styles.heatCell}
                data-shade={shade(cell.count, most)}
                data-tip={words(cell)}
                x={LEFT + cell.hour * CELL}
                y={TOP + cell.day * CELL}
                width={CELL - 2}
                height={CELL - 2}
                rx={3}
                onClick={() => open(cell)}
              />
            ))}
          </svg>
        </div>
      )}
    </section>
  );
}
