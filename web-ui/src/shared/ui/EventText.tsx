// A text that came with an event: only ever text, kept apart from the direction of what
// is around it, its invisible characters shown.
import { bits, hasControls } from "../format/controls";
import styles from "./ui.module.css";

export function EventText({ text }: { text: string }) {
  return <bdi>{hasControls(text) ? <Visible text={text} /> : text}</bdi>;
}

function Visible({ text }: { text: string }) {
  return bits(text).map((bit, index) =>
    bit.control ? (
      <span key={index} className={styles.control} data-tip={`${bit.text}, ${bit.name}`}>
        {bit.text}
      </span>
    ) : (
      <span key={index}>{bit.text}</span>
    ),
  );
}
