// A name that came with an event, where there is little room: cut in the middle, the
// whole of it in the tip.
import { visible } from "../format/controls";
import { cutMiddle, shortRelease } from "../format/release";
import { EventText } from "./EventText";
import { useCopy } from "./useCopy";
import styles from "./ui.module.css";

/** Characters of a name in a line of facts. */
const NAME_MAX = 28;

const tipOf = (whole: string, shown: string): string | undefined => (shown === whole ? undefined : visible(whole));

/** `project`: left out of the release where it only repeats what is known. */
export function ReleaseText({ release, project = "" }: { release: string; project?: string }) {
  const shown = shortRelease(release, project);
  return (
    <span data-tip={tipOf(release, shown)}>
      <EventText text={shown} />
    </span>
  );
}

export function NameText({ text }: { text: string }) {
  const shown = cutMiddle(text, NAME_MAX);
  return (
    <span data-tip={tipOf(text, shown)}>
      <EventText text={shown} />
    </span>
  );
}

/** The same as a button that copies the whole. `what`: "Release". */
export function CopyName({ text, what, project = "" }: { text: string; what: string; project?: string }) {
  const copy = useCopy();
  const shown = what === "Release" ? shortRelease(text, project) : cutMiddle(text, NAME_MAX);
  return (
    <button
      type="button"
      className={styles.copyName}
      data-tip={`${what}: ${visible(text)}. Press to copy.`}
      onClick={() => copy(text, what)}
    >
      <span className={styles.hidden}>Copy the {what.toLowerCase()} </span>
      <EventText text={shown} />
    </button>
  );
}
