// The time that is looked at: up to now, or from one moment to another.
import Button from "@mui/material/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { useState, type SubmitEvent } from "react";
import { PickerButton } from "@/shared/ui/Picker";
import { RANGES, rangeWords, type Scope, scopeFromMs, scopeShort, scopeToMs, SPAN_MAX_S } from "@/shared/url/scope";
import styles from "./frame.module.css";

/** Asks for two moments. */
const SPAN = "span";

const upperFirst = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

interface TimeChoiceProps {
  scope: Scope;
  onChange: (change: Partial<Scope>) => void;
}

export function TimeChoice({ scope, onChange }: TimeChoiceProps) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <PickerButton
        label="Time range"
        text={scope.span ? <span className={styles.scopeText}>{scopeShort(scope)}</span> : scope.range}
        choices={[
          ...RANGES.map((range) => ({
            id: range,
            text: upperFirst(rangeWords(range)),
            chosen: scope.span === null && range === scope.range,
          })),
          { id: SPAN, text: "From … to …", chosen: scope.span !== null },
        ]}
        onPick={({ id }) => {
          const range = RANGES.find((each) => each === id);
          if (range) onChange({ range, span: null });
          else setAsking(true);
        }}
      />
      {asking && <SpanDialog scope={scope} onChange={onChange} onClose={() => setAsking(false)} />}
    </>
  );
}

/** As `datetime-local` has it, in the reader's zone. */
const localText = (ms: number): string => {
  const date = new Date(ms);
  return new Date(ms - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};

function SpanDialog({ scope, onChange, onClose }: TimeChoiceProps & { onClose: () => void }) {
  const [now] = useState(() => Date.now());
  const [from, setFrom] = useState(() => localText(scopeFromMs(scope, now)));
  const [to, setTo] = useState(() => localText(scopeToMs(scope) ?? now));
  const [fromS, toS] = [Date.parse(from) / 1000, Date.parse(to) / 1000];
  const wrong = !(fromS >= 0 && toS >= 0)
    ? "Give both times."
    : toS <= fromS
      ? "The end must come after the beginning."
      : toS - fromS > SPAN_MAX_S
        ? "At most 90 days."
        : "";
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (wrong !== "") return;
    onChange({ span: { fromS, toS } });
    onClose();
  };
  return (
    <Dialog open onClose={onClose} aria-labelledby="span-title">
      <form className={styles.span} onSubmit={submit}>
        <h2 id="span-title">From … to …</h2>
        <label>
          From
          <input type="datetime-local" value={from} onChange={(event) => setFrom(event.target.value)} />
        </label>
        <label>
          To
          <input type="datetime-local" value={to} onChange={(event) => setTo(event.target.value)} />
        </label>
        <p role="alert">{wrong}</p>
        <div>
          <Button variant="text" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" variant="contained" disabled={wrong !== ""}>
            Show
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
