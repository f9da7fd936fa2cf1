// What happened: the exceptions in reading order (the newest, then what it came from;
// groups as a tree), each with its stack; then the threads.
import MenuItem from "@mui/material/MenuItem";
import { type ReactNode, useContext, useMemo, useState } from "react";
import type { EventDetail, ExceptionDetail, FrameDetail } from "@/gen/errata/v1/event_read_pb";
import { visible } from "@/shared/format/controls";
import { usePreferences } from "@/shared/state/preferences";
import { Pill, Segments } from "@/shared/ui/bits";
import { CopyButton } from "@/shared/ui/CopyButton";
import { EventText } from "@/shared/ui/EventText";
import { Icon } from "@/shared/ui/Icon";
import { MenuButton } from "@/shared/ui/MenuButton";
import { arrange, type Arranged, isGroup } from "./chain";
import type { Order } from "./frames";
import { Frames } from "./Frames";
import { type Language, LANGUAGES, languageOf } from "./languages";
import { LongText } from "./LongText";
import { eventText, exceptionLine, stackText } from "./notation";
import { Section } from "./Section";
import { mainThread } from "./threadOf";
import { Threads } from "./Threads";
import { Marks, MarksOfStack, NO_EXCEPTION } from "./why/marks";
import styles from "./detail.module.css";

type View = "relevant" | "all" | "text";
const views: readonly (readonly [View, string])[] = [
  ["relevant", "Own code"],
  ["all", "All frames"],
  ["text", "Text"],
];
const orders: Record<Order, string> = { newest: "Newest first", oldest: "Oldest first" };
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
const isMessage = (exception: ExceptionDetail | undefined): boolean =>
  exception?.mechanism?.synthetic === true && exception.type === "";

/**
 * The exception whose stack is opened on its code: the newest, unless only a cause of
 * it has own code (a framework that wraps what it caught).
 */
export function focusOf(arranged: readonly Arranged[]): number {
  const own = (each: Arranged) => each.exception.frames.some((frame) => frame.inApp);
  const first = arranged[0];
  if (!first || own(first)) return 0;
  return Math.max(
    0,
    arranged.findIndex((each) => each.relation !== "suppressed" && own(each)),
  );
}

/** What was logged beside the exception, unless the exception says the same. */
function LogMessage({ detail }: { detail: EventDetail }) {
  const { message, exceptions } = detail;
  if (
    message === "" ||
    exceptions.some((each) => each.value.includes(message) || `${each.type}: ${each.value}` === message)
  )
    return null;
  return (
    <div className={styles.logged} role="note" aria-label="Logged message">
      <span className={styles.loggedHow}>Logged{detail.logger ? ` by ${detail.logger}` : ""}</span>
      <LongText text={message} />
    </div>
  );
}

const sdkName = (detail: EventDetail): string => {
  const name = detail.sdk?.["name"];
  return typeof name === "string" ? name : "";
};

export function Stack({ detail, platform }: { detail: EventDetail; platform: string }) {
  const language = languageOf(platform, sdkName(detail));
  const [view, setView] = useState<View>("relevant");
  const order = usePreferences((state) => state.callOrder);
  const setOrder = usePreferences((state) => state.setCallOrder);
  const arranged = useMemo(() => arrange(detail.exceptions), [detail]);
  const main = mainThread(detail);
  const ownFrames = arranged.some((each) => each.exception.frames.length > 0);
  // Without a stack of its own, the newest exception has that of its thread.
  const borrowed = ownFrames ? [] : (main?.frames ?? []);
  const hasFrames = ownFrames || borrowed.length > 0;
  const focus = focusOf(arranged);
  const looks: Looks = { view, order, language };
  return (
    <>
      <Section
        title={headingOf(detail)}
        actions={
          <>
            {arranged.length > 1 && (
              <CopyButton text={eventText(detail.exceptions, language)} what="all of it as text" />
            )}
            <span className={styles.language} data-language={language}>
              {LANGUAGES[language]}
            </span>
            {hasFrames && (
              <>
                <Segments label="Frames" value={view} options={views} onChange={setView} />
                <MenuButton label="Order" text={orders[order]} variant="text">
                  {(close) =>
                    (["newest", "oldest"] as const).map((each) => (
                      <MenuItem key={each} selected={each === order} onClick={() => (close(), setOrder(each))}>
                        {orders[each]}
                      </MenuItem>
                    ))
                  }
                </MenuButton>
              </>
            )}
          </>
        }
      >
        {arranged.length === 0 && (
          <Marked exception={NO_EXCEPTION}>
            <Message detail={detail} frames={main?.frames ?? []} looks={looks} />
          </Marked>
        )}
        {arranged.length > 0 && <LogMessage detail={detail} />}
        {arranged.map((each, index) => (
          <Marked key={index} exception={detail.exceptions.indexOf(each.exception)}>
            <Exception
              shown={each}
              group={isGroup(each.exception, detail.exceptions)}
              frames={index === 0 && borrowed.length > 0 ? borrowed : each.exception.frames}
              openAtFirst={index <= focus || (each.member !== null && each.member.place <= MEMBERS_OPEN)}
              openMax={index === focus ? undefined : index < focus ? 0 : 1}
              looks={looks}
            />
          </Marked>
        ))}
      </Section>
      <UnknownForm detail={detail} />
      <Threads detail={detail} shownAbove={ownFrames ? undefined : main?.id} looks={looks} />
    </>
  );
}

/** The stack of an exception, by its place in the event, with what counts of it for the issue. */
function Marked({ exception, children }: { exception: number; children: ReactNode }) {
  return <MarksOfStack value={useContext(Marks)?.get(exception) ?? null}>{children}</MarksOfStack>;
}

/** A stack of no form that is known: as it came. */
function UnknownForm({ detail }: { detail: EventDetail }) {
  const { stack } = detail;
  if (stack === "") return null;
  return (
    <Section
      title="Stack as it came"
      note="of no form that is known"
      actions={<CopyButton text={stack} what="stack as text" />}
    >
      <pre className={styles.stackText} tabIndex={0} aria-label="Stack as it came">
        {visible(stack)}
      </pre>
    </Section>
  );
}

/** How stacks are shown. */
export interface Looks {
  view: View;
  order: Order;
  language: Language;
}

export function StackBody({
  title,
  frames,
  looks,
  openMax,
}: {
  title: string;
  frames: FrameDetail[];
  looks: Looks;
  openMax?: number | undefined;
}) {
  if (frames.length === 0) return null;
  if (looks.view === "text") {
    return (
      <pre className={styles.stackText} tabIndex={0}>
        {visible(stackText(title, frames, looks.language))}
      </pre>
    );
  }
  return (
    <Frames
      frames={frames}
      looks={{ order: looks.order, all: looks.view === "all", language: looks.language }}
      openMax={openMax}
    />
  );
}

function Message({ detail, frames, looks }: { detail: EventDetail; frames: FrameDetail[]; looks: Looks }) {
  if (!detail.message && frames.length === 0)
    return <p className={styles.none}>This event has neither exception nor message.</p>;
  return (
    <article className={styles.exception}>
      <header className={styles.exceptionHead}>
        <LongText text={detail.message} />
        <span className={styles.grow} />
        <CopyButton
          text={stackText(detail.message, frames, looks.language)}
          what={frames.length > 0 ? "stack as text" : "message"}
        />
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
  openMax: number | undefined;
  looks: Looks;
}

function Exception({ shown, group, frames, openAtFirst, openMax, looks }: ExceptionProps) {
  const { exception, relation, depth, member } = shown;
  const [open, setOpen] = useState(openAtFirst);
  const { mechanism } = exception;
  const title = exceptionLine(exception, looks.language);
  return (
    <article className={styles.exception} data-depth={Math.min(depth, 4)}>
      <header className={styles.exceptionHead}>
        {relation !== null && (
          <button
            type="button"
            className={styles.causeToggle}
            aria-expanded={open}
            aria-label={relation}
            onClick={() => setOpen(!open)}
          >
            <Icon name={open ? "chevronDown" : "chevronRight"} size={14} />
            {relation}
            {member && member.of > 1 && ` · ${member.place} of ${member.of}`}
          </button>
        )}
        {exception.type && (
          <h3>
            <EventText text={exception.type} />
          </h3>
        )}
        {group && <Pill kind="quiet">group</Pill>}
        {mechanism?.handled === false && <Pill kind="fail">unhandled</Pill>}
        {mechanism?.handled === true && relation === null && <Pill kind="quiet">handled</Pill>}
        {mechanism?.synthetic === true && (
          <span data-tip="The SDK made this stack where the event was captured; nothing was thrown here.">
            <Pill kind="quiet">synthetic</Pill>
          </span>
        )}
        {mechanism?.type && !["generic", "chained", "suppressed"].includes(mechanism.type) && (
          <span className={styles.mechanism}>{mechanism.type}</span>
        )}
        {exception.module && <span className={styles.mechanism}>{exception.module.replace(/,.*$/, "")}</span>}
        {!exception.type && <LongText text={exception.value} />}
        <span className={styles.grow} />
        <CopyButton
          text={stackText(title, frames, looks.language)}
          what={frames.length > 0 ? "stack as text" : "message"}
        />
      </header>
      {exception.type && exception.value && <LongText text={exception.value} />}
      {open && <StackBody title={title} frames={frames} looks={looks} openMax={openMax} />}
    </article>
  );
}
