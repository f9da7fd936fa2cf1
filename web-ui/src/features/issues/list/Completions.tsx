// The list under the search field: what could stand where one types.
import type { QueryCompletion } from "@/gen/errata/v1/issue_pb";
import { exactCount, shortCount } from "@/shared/format/count";
import { visible } from "@/shared/format/controls";
import styles from "./query.module.css";

interface CompletionsProps {
  id: string;
  completions: readonly QueryCompletion[];
  /** -1: none. */
  active: number;
  onPick: (completion: QueryCompletion) => void;
}

export function Completions({ id, completions, active, onPick }: CompletionsProps) {
  return (
    <div id={id} role="listbox" aria-label="Completions" className={styles.completions}>
      {completions.map((each, index) => (
        <div
          key={each.text}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === active}
          className={styles.completion}
          // The focus stays in the field.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onPick(each)}
        >
          <code>{visible(each.text)}</code>
          <span>{each.about}</span>
          {each.count > 0n && <small title={`${exactCount(each.count)} events`}>{shortCount(each.count)}</small>}
        </div>
      ))}
    </div>
  );
}
