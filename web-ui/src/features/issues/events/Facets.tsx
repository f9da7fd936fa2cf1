// What the rows of a list have in common: values of each field, most frequent first. A
// press adds the value to the query, a second takes it away again.
import Skeleton from "@mui/material/Skeleton";
import { useState } from "react";
import type { Facet } from "@/gen/errata/v1/explore_pb";
import { visible } from "@/shared/format/controls";
import { exactCount, plural, share } from "@/shared/format/count";
import { Count } from "@/shared/ui/bits";
import { Icon } from "@/shared/ui/Icon";
import styles from "./facets.module.css";

interface FacetsProps {
  facets: readonly Facet[] | undefined;
  /** Rows of the list. */
  total: number;
  /** What a row is: "event". */
  one: string;
  isOld: boolean;
  /** Whether the query has a term already. */
  has: (term: string) => boolean;
  onTerm: (term: string) => void;
}

const names: Record<string, string> = {
  is: "Status",
  assigned: "Assigned to",
  transaction: "Page or transaction",
  "http.url": "Address",
  "request.method": "Method",
  server_name: "Server",
  sdk: "SDK",
};

/** "tag.browser" → "browser" */
const nameOf = (field: string): string => {
  const known = names[field];
  if (known) return known;
  const text = field.replace(/^tag\./, "");
  return field === text ? text.charAt(0).toUpperCase() + text.slice(1) : text;
};

export function Facets({ facets, total, one, isOld, has, onTerm }: FacetsProps) {
  return (
    <aside className={styles.facets} aria-label={`What the ${one}s have in common`} data-old={isOld}>
      {!facets && <Skeleton height={360} width="100%" />}
      {facets?.map((facet) => (
        <Group key={facet.field} facet={facet} total={total} one={one} has={has} onTerm={onTerm} />
      ))}
    </aside>
  );
}

interface GroupProps extends Omit<FacetsProps, "facets" | "isOld"> {
  facet: Facet;
}

/** Groups that are open at first: the others are a press away. */
const OPEN_FIRST = new Set(["is", "level", "project", "environment", "release", "type", "transaction", "tag.browser"]);

function Group({ facet, total, one, has, onTerm }: GroupProps) {
  const [open, setOpen] = useState(OPEN_FIRST.has(facet.field));
  const more = facet.distinct - facet.values.length;
  return (
    <section className={styles.group}>
      <button type="button" aria-expanded={open} className={styles.head} onClick={() => setOpen(!open)}>
        <Icon name={open ? "chevronDown" : "chevronRight"} size={12} />
        <span>{nameOf(facet.field)}</span>
        <small>{facet.distinct > 0 ? exactCount(facet.distinct) : facet.values.length || "many"}</small>
      </button>
      {open && (
        <ul>
          {facet.values.map((value) => (
            <li key={value.value}>
              <button
                type="button"
                aria-pressed={has(value.term)}
                data-tip={`${visible(value.label)}: ${plural(value.count, one)}, ${share(value.count, total)}`}
                onClick={() => onTerm(value.term)}
              >
                <i style={{ width: `${Math.min(100, (Number(value.count) / Math.max(1, total)) * 100)}%` }} />
                <span>{visible(value.label) || "(none)"}</span>
                <Count value={value.count} one={one} />
              </button>
            </li>
          ))}
          {more > 0 && <li className={styles.more}>and {plural(more, "more value")}</li>}
        </ul>
      )}
    </section>
  );
}
