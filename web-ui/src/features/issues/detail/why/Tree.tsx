// The tree of what counts for an event's issue, and of what does not, with the reasons.
import { useState } from "react";
import type { GroupingComponent } from "@/gen/errata/v1/event_read_pb";
import { usePreferences } from "@/shared/state/preferences";
import { EventText } from "@/shared/ui/EventText";
import { Icon } from "@/shared/ui/Icon";
import { linesOf, nameOf } from "./components";
import styles from "./why.module.css";

/** `counts`: whether what it is part of does. */
export function Tree({ parts, counts = true }: { parts: readonly GroupingComponent[]; counts?: boolean }) {
  const newestFirst = usePreferences((state) => state.callOrder) === "newest";
  return (
    <ul className={styles.tree}>
      {linesOf(parts, newestFirst).map((line, index) =>
        line.kind === "one" ? (
          <One key={index} component={line.component} counts={counts} />
        ) : (
          <Run key={index} components={line.components} />
        ),
      )}
    </ul>
  );
}

function One({ component, counts }: { component: GroupingComponent; counts: boolean }) {
  const does = counts && component.counts;
  // What a frame is made of, it says itself.
  const parts = component.name === "frame" ? [] : component.parts;
  return (
    <li className={styles.line} data-counts={does}>
      <Said component={component} counts={does} />
      {parts.length > 0 && <Tree parts={parts} counts={does} />}
    </li>
  );
}

/** A component, what was sent where that differs, and the reason. */
export function Said({ component, counts }: { component: GroupingComponent; counts: boolean }) {
  const { value, raw, why } = component;
  return (
    <div className={styles.said}>
      <span className={styles.sign}>
        <Icon name={counts ? "check" : "close"} size={14} />
        <span className={styles.unseen}>{counts ? "counts:" : "does not count:"}</span>
      </span>
      <span className={styles.name}>{nameOf(component)}</span>
      {(value || raw) && (
        <code className={styles.value}>
          <EventText text={value || raw} />
        </code>
      )}
      {value && raw && (
        <span className={styles.sent}>
          sent as{" "}
          <code>
            <EventText text={raw} />
          </code>
        </span>
      )}
      {why && <span className={styles.why}>{why}</span>}
    </div>
  );
}

function Run({ components }: { components: GroupingComponent[] }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <li className={styles.line} data-counts="false">
        <div className={styles.said}>
          <span className={styles.sign}>
            <Icon name="close" size={14} />
            <span className={styles.unseen}>do not count:</span>
          </span>
          <button type="button" className={styles.run} aria-expanded={open} onClick={() => setOpen(!open)}>
            <Icon name={open ? "chevronDown" : "chevronRight"} size={14} />
            {components.length} frames
          </button>
          <span className={styles.why}>{components[0]?.why}</span>
        </div>
      </li>
      {open && components.map((component, index) => <One key={index} component={component} counts={false} />)}
    </>
  );
}
