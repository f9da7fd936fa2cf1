// Which past time is looked at.
import Button from "@mui/material/Button";
import { useState, type SubmitEvent } from "react";
import { agoAt, instantOf, localText, PRESETS } from "./at";
import styles from "./past.module.css";

export function Chooser({ at, onChoose }: { at: string; onChoose: (at: string) => void }) {
  const [text, setText] = useState(() => localText(at));
  const instant = instantOf(text);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (instant !== "") onChoose(instant);
  };
  return (
    <form className={styles.chooser} onSubmit={submit}>
      {PRESETS.map(([label, ms]) => (
        <Button key={label} size="small" onClick={() => onChoose(agoAt(ms))}>
          {label}
        </Button>
      ))}
      <input
        type="datetime-local"
        aria-label="As of"
        value={text}
        aria-invalid={instant === ""}
        onChange={(event) => setText(event.target.value)}
      />
      <Button type="submit" size="small" variant="outlined" disabled={instant === ""}>
        Show
      </Button>
    </form>
  );
}
