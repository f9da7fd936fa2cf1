// What is shown, to be taken elsewhere: a chart as a picture, its numbers as a table.
import type { RefObject } from "react";
import { useNotices } from "@/shared/state/notices";
import { csvOf, fileName, pngOf, saveBlob, type Table } from "./exportChart";
import styles from "./ui.module.css";

interface ExportsProps {
  /** What it is, for the file's name and the picture's title. */
  title: string;
  table: () => Table;
  /** Holds the chart; left out: there is none. */
  chart?: RefObject<HTMLElement | null>;
}

export function Exports({ title, table, chart }: ExportsProps) {
  const fail = useNotices((state) => state.fail);
  const png = async () => {
    const svg = chart?.current?.querySelector("svg[role=img]");
    if (!(svg instanceof SVGSVGElement)) return;
    try {
      saveBlob(await pngOf(svg, title), fileName(title, "png"));
    } catch {
      fail("The picture could not be made");
    }
  };
  const csv = () => saveBlob(new Blob([csvOf(table())], { type: "text/csv" }), fileName(title, "csv"));
  return (
    <span className={styles.exports} role="group" aria-label={`Export ${title}`}>
      <button type="button" data-tip="The numbers as a table" onClick={csv}>
        CSV
      </button>
      {chart && (
        <button type="button" data-tip="The chart as a picture" onClick={() => void png()}>
          PNG
        </button>
      )}
    </span>
  );
}
