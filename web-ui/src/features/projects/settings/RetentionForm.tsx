// How long events of a project are kept, a rule a line, and what would go by that.
import Button from "@mui/material/Button";
import { useState } from "react";
import { size } from "@/shared/format/size";
import { useNotices } from "@/shared/state/notices";
import { Count } from "@/shared/ui/bits";
import { Failure, Part, useRefused } from "@/shared/ui/form";
import { useSubmit } from "@/shared/ui/useSubmit";
import { useSetRetention } from "./api/setRetention";
import { useTryRetention } from "./api/tryRetention";
import styles from "./settings.module.css";

const rulesOf = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

export function RetentionForm({ projectId, saved }: { projectId: number; saved: readonly string[] }) {
  const [text, setText] = useState(saved.join("\n"));
  const setRetention = useSetRetention(projectId);
  const tried = useTryRetention(projectId);
  const show = useNotices((state) => state.show);
  const refused = useRefused(setRetention.error ?? tried.error);
  const rules = rulesOf(text);
  const changed = rules.join("\n") !== saved.join("\n");
  const submit = useSubmit(async () => {
    await setRetention.mutateAsync(rules);
    tried.reset();
    show("Retention saved");
  });
  return (
    <Part
      fill
      title="Retention"
      lead="How long events are kept, if not as long as all others: a rule a line, which events, then for how long. The shortest rule that takes an event in wins. What has gone stays gone; issues and their counts stay."
    >
      <form className={styles.general} onSubmit={submit}>
        <label>
          <span>Rules of retention</span>
          <textarea
            rows={4}
            value={text}
            placeholder={"level:debug 7d\nenvironment:staging 14d"}
            spellCheck={false}
            onChange={(event) => {
              setText(event.target.value);
              tried.reset();
            }}
          />
        </label>
        {tried.data && (
          <ul aria-label="What would go">
            {tried.data.map((rule) => (
              <li key={rule.rule}>
                <code>{rule.rule}</code>: <Count value={rule.events} one="event" />, about {size(rule.bytes)}
              </li>
            ))}
          </ul>
        )}
        <div className={styles.save}>
          <Button type="submit" variant="outlined" disabled={!changed || setRetention.isPending}>
            Save retention
          </Button>
          <Button disabled={rules.length === 0 || tried.isPending} onClick={() => tried.mutate(rules)}>
            Show what would go now
          </Button>
          <Failure error={setRetention.error ?? tried.error} id={refused.id} />
        </div>
      </form>
    </Part>
  );
}
