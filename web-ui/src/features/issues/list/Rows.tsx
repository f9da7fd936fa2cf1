// The rows in view. What is scrolled away is not drawn: ten thousand issues cost as
// much as thirty. Nearing the end loads more.
import Button from "@mui/material/Button";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import {
  type Ref,
  type RefObject,
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useState,
} from "react";
import type { Issue } from "@/gen/errata/v1/issue_pb";
import { failureOf } from "@/shared/format/failure";
import { ErrorId } from "@/shared/ui/ErrorId";
import { IssueRow, IssueRowSkeleton } from "./IssueRow";
import styles from "./list.module.css";

/** Pixels; on a phone rows are measured, since titles take one line or two. */
const ROW_HEIGHT = 56;
const PHONE_ROW_HEIGHT = 84;
/** As in list.module.css. */
const PHONE_MAX_WIDTH = 640;
/** Drawn beyond the edges, so that fast scrolling shows rows. */
const OVERSCAN = 10;
/** So many rows before the end the next page is fetched. */
const AHEAD = 30;
/** The bars above and below the rows, which a row must not stop under. */
const TOP_BARS = 52 + 36;
const BOTTOM_BARS = 64;

export interface RowsHandle {
  scrollTo: (index: number) => void;
}

interface RowsProps {
  handle: Ref<RowsHandle>;
  list: RefObject<HTMLDivElement | null>;
  issues: readonly Issue[];
  projectName: (id: number) => string;
  scope: string;
  within: string;
  fromMs: number;
  isSelected: (id: string) => boolean;
  onToggle: (id: string, extend: boolean) => void;
  onAssign: (issue: Issue, anchor: HTMLElement) => void;
  more: { has: boolean; loading: boolean; error: unknown; load: () => void; retry: () => void };
}

/** Where the rows begin on the page. */
function useOffset(box: RefObject<HTMLDivElement | null>): number {
  const [offset, setOffset] = useState(0);
  useLayoutEffect(() => {
    const measure = () => {
      const element = box.current;
      if (element) setOffset(Math.round(element.getBoundingClientRect().top + window.scrollY));
    };
    measure();
    // What stands above may grow: a line of chips, a notice.
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [box]);
  return offset;
}

export function Rows({
  handle,
  list,
  issues,
  projectName,
  scope,
  within,
  fromMs,
  isSelected,
  onToggle,
  onAssign,
  more,
}: RowsProps) {
  const offset = useOffset(list);
  // Another function would have it measure every row again, at each render.
  const keyOf = useCallback((index: number) => issues[index]?.id ?? index, [issues]);
  const virtualizer = useWindowVirtualizer({
    count: issues.length,
    estimateSize: () => (window.innerWidth <= PHONE_MAX_WIDTH ? PHONE_ROW_HEIGHT : ROW_HEIGHT),
    getItemKey: keyOf,
    overscan: OVERSCAN,
    scrollMargin: offset,
    scrollPaddingStart: TOP_BARS,
    scrollPaddingEnd: BOTTOM_BARS,
  });
  useImperativeHandle(handle, () => ({ scrollTo: (index) => virtualizer.scrollToIndex(index, { align: "auto" }) }), [
    virtualizer,
  ]);

  const items = virtualizer.getVirtualItems();
  const lastIndex = items.at(-1)?.index ?? 0;
  const { has, loading, error, load } = more;
  const near = lastIndex >= issues.length - AHEAD;
  useEffect(() => {
    if (has && near && !loading && !error) load();
  }, [has, near, loading, error, load, issues.length]);

  return (
    <>
      <div ref={list} className={styles.rows} style={{ height: virtualizer.getTotalSize() }}>
        {items.map((item) => {
          const issue = issues[item.index];
          return (
            issue && (
              <div
                key={item.key}
                ref={virtualizer.measureElement}
                data-index={item.index}
                className={styles.place}
                style={{ transform: `translateY(${item.start - offset}px)` }}
              >
                <IssueRow
                  issue={issue}
                  projectName={projectName(issue.projectId)}
                  search={scope}
                  within={within}
                  fromMs={fromMs}
                  selected={isSelected(issue.id)}
                  onToggle={onToggle}
                  onAssign={onAssign}
                />
              </div>
            )
          );
        })}
      </div>
      {has && !error && (
        <div data-more="">
          <IssueRowSkeleton index={issues.length} />
        </div>
      )}
      {error !== null && (
        <div className={styles.failed} role="alert">
          <span>More could not be loaded: {failureOf(error).reason}.</span>
          <ErrorId id={failureOf(error).id} />
          <Button variant="outlined" disabled={loading} onClick={more.retry}>
            Try again
          </Button>
        </div>
      )}
    </>
  );
}
