// What happened: the exceptions in reading order (the newest, then what it came from;
// groups as a tree), each with its stack; then the threads.
import Button from "@mui/material/Button";
import { useMemo, useState } from "react";
import type { EventDetail, ExceptionDetail, FrameDetail } from "@/gen/errata/v1/event_read_pb";
import { Pill, Segments } from "@/shared/ui/bits";
import { CopyButton } from "@/shared/ui/CopyButton";
import { Icon } from "@/shared/ui/Icon";
import { arrange, type Arranged, isGroup } from "./chain";
import { Frames } from "./Frames";
import { firstOrder, type Language, LANGUAGES, languageOf } from "./languages";
import { eventText, exceptionLine, stackText } from "./notation";
import { Section } from "./Section";
import { mainThread, Threads } from "./Threads";
import styles from "./detail.module.css";

type View = "relevant" | "all" | "text";
const views: readonly (readonly [View, string])[] = [
  ["relevant", "Own code"],
  ["all", "All frames"],
  ["text", "Text"],
];
/** Members of a group that are open at first. */
const MEMBERS_OPEN = 2;

function headingOf({ exceptions, message }: EventDetail): string {
  if (exceptions.length === 0) return message ? "Message" : "Stack";
  if (exceptions.length === 1) return isMessage(exceptions[0]) ? "Message" : "Exception";
  const others = exceptions.length - 1;
  const plain = exceptions.some((each) => isGroup(each, exceptions) || each.mechanism?.type === "suppressed");
  const what = plain ? "other" : "cause";
  return `Exception and ${others} ${what}${others === 1 ? "" : "s"}`;
}

/** A message whose stack the SDK made up. */
const isMessage = (exception: ExceptionDetail | undefined): boolean => exception?.mechanism?.synthetic === true && exception.type === "";

const sdkName = (detail: EventDetail): string => {
  const name = detail.sdk?.["name"];
  return typeof name === "string" ? name : "";
};

export function Stack({ detail, platform }: { detail: EventDetail; platform: string }) {
  const language = languageOf(platform, sdkName(detail));
  const [view, setView] = useState<View>("relevant");
  const [order, setOrder] = useState(firstOrder(language));
  const arranged = useMemo(() => arrange(detail.exceptions), [detail]);
  const main = mainThread(detail);
  const ownFrames = arranged.some((each) => each.exception.frames.length > 0);
  // Without a stack of its own, the newest exception has that of its thread.
  const borrowed = ownFrames ? [] : (main?.frames ?? []);
  const hasFrames = ownFrames || borrowed.length > 0;
  const looks: Looks = { view, order, language };
  return (
    <>
      <Section
        title={headingOf(detail)}
        actions={
          <>
            <span className={styles.language} data-language={language}>
              <span aria-hidden="true">{LANGUAGES[language].mark}</span>
              {LANGUAGES[language].name}
            </span>
            {hasFrames && (
              <>
                <Segments label="Frames" value={view} options={views} onChange={setView} />
                <Button variant="text" onClick={() => setOrder(order === "newest" ? "oldest" : "newest")}>
                  {order === "newest" ? "Newest call first" : "Oldest call first"}
                </Button>
              </>
            )}
            {arranged.length > 1 && <CopyButton text={eventText(detail.exceptions, language)} what="all of it as text" />}
          </>
        }
      >
        {arranged.length === 0 && <Message detail={detail} frames={main?.frames ?? []} looks={looks} />}
        {arranged.map((each, index) => (
          <Exception key={index} shown={each} group={isGroup(each.exception, detail.exceptions)} frames={index === 0 && borrowed.length > 0 ? borrowed : each.exception.frames} openAtFirst={index === 0 || (each.member !== null && each.member.place <= MEMBERS_OPEN)} looks={looks} />
        ))}
      </Section>
      <Threads detail={detail} shownAbove={ownFrames ? undefined : main?.id} looks={looks} />
    </>
  );
}

/** How stacks are shown. */
export interface Looks {
  view: View;
  order: "newest" | "oldest";
  language: Language;
}

export function StackBody({ title, frames, looks }: { title: string; frames: FrameDetail[]; looks: Looks }) {
  if (frames.length === 0) return null;
  if (looks.view === "text") {
    return (
      <pre className={styles.stackText} tabIndex={0}>
        {stackText(title, frames, looks.language)}
      </pre>
    );
  }
  return <Frames frames={frames} order={looks.order} all={looks.view === "all"} language={looks.language} />;
}

function Message({ detail, frames, looks }: { detail: EventDetail; frames: FrameDetail[]; looks: Looks }) {
  if (!detail.message && frames.length === 0) return <p className={styles.none}>This event has neither exception nor message.</p>;
  return (
    <article className={styles.exception}>
      <header className={styles.exceptionHead}>
        <p className={styles.value}>{detail.message}</p>
        <span className={styles.grow} />
        <CopyButton text={stackText(detail.message, frames, looks.language)} what={frames.length > 0 ? "stack as text" : "message"} />
      </header>
      <StackBody title={detail.message} frames={frames} looks={looks} />
    </article>
  );
}

interface ExceptionProps {
  shown: Arranged;
  group: boolean;
  frames: FrameDetail[];
  openAtFirst: boolean;
  looks: Looks;
}

function Exception({ shown, group, frames, openAtFirst, looks }: ExceptionProps) {
  const { exception, relation, depth, member } = shown;
  const [open, setOpen] = useState(openAtFirst);
  const { mechanism } = exception;
  const title = exceptionLine(exception, looks.language);
  return (
    <article className={styles.exception} data-depth={Math.min(depth, 4)}>
      <header className={styles.exceptionHead}>
        {relation !== null && (
          <button type="button" className={styles.causeToggle} aria-expanded={open} aria-label={relation} onClick={() => setOpen(!open)}>
            <Icon name={open ? "chevronDown" : "chevronRight"} size={14} />
            {relation}
            {member && member.of > 1 && ` · ${member.place} of ${member.of}`}
          </button>
        )}
        {exception.type && <h3>{exception.type}</h3>}
        {group && <Pill kind="quiet">group</Pill>}
        {mechanism?.handled === false && <Pill kind="fail">unhandled</Pill>}
        {mechanism?.handled === true && relation === null && <Pill kind="quiet">handled</Pill>}
        {mechanism?.synthetic === true && (
          <span data-tip="The SDK made this stack where the event was captured; nothing was thrown here.">
            <Pill kind="quiet">synthetic</Pill>
          </span>
        )}
        {mechanism?.type && !["generic", "chained", "suppressed"].includes(mechanism.type) && <span className={styles.mechanism}>{mechanism.type}</span>}
        {exception.module && <span className={styles.mechanism}>{exception.module.replace(/,.*$/, "")}</span>}
        {!exception.type && <p className={styles.value}>{exception.value}</p>}
        <span className={styles.grow} />
        <CopyButton text={stackText(title, frames, looks.language)} what={frames.length > 0 ? "stack as text" : "message"} />
      </header>
      {exception.type && exception.value && <p className={styles.value}>{exception.value}</p>}
      {open && <StackBody title={title} frames={frames} looks={looks} />}
    </article>
  );
}
