// Who set which rules, and the way back to them.
import Button from "@mui/material/Button";
import { useQueryClient } from "@tanstack/react-query";
import type { GroupingRules } from "@/gen/errata/v1/settings_pb";
import { failureOf } from "@/shared/format/failure";
import { useNotices } from "@/shared/state/notices";
import { RelativeTime } from "@/shared/ui/bits";
import { earlierRulesQuery } from "./api/getGroupingRules";
import { useNames } from "./names";
import styles from "./grouping.module.css";

interface Props {
  projectId: number;
  held: GroupingRules;
  /** Puts a text into the editor; it is not saved by that. */
  onTake: ((text: string) => void) | undefined;
}

export function History({ projectId, held, onTake }: Props) {
  const client = useQueryClient();
  const fail = useNotices((state) => state.fail);
  const nameOf = useNames();
  if (held.history.length === 0) return null;
  const take = async (version: number) => {
    try {
      const earlier = await client.query(earlierRulesQuery(projectId, version));
      onTake?.(earlier.text);
    } catch (cause) {
      fail(`Rules not read: ${failureOf(cause).reason}.`, { topic: "rules", errorId: failureOf(cause).id });
    }
  };
  return (
    <details className={styles.history}>
      <summary>Versions</summary>
      <ol>
        {held.history.map((set) => (
          <li key={set.version}>
            <span>Version {set.version}</span>
            <span>{nameOf(set.actor)}</span>
            <RelativeTime time={set.setAt} suffix=" ago" />
            {set.version === held.version ? (
              <span>in force</span>
            ) : (
              onTake && (
                <Button variant="text" size="small" onClick={() => void take(set.version)}>
                  Take into the editor
                </Button>
              )
            )}
          </li>
        ))}
      </ol>
    </details>
  );
}
