// The smallest parts: times, counts, marks, pills, avatars, keys.
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { type CSSProperties, type ReactNode, useSyncExternalStore } from "react";
import { plural, shortCount } from "@/shared/format/count";
import { type LevelName, memberName, type StatusName } from "@/shared/format/issue";
import { cutMiddle } from "@/shared/format/release";
import { absolute, age, toDate } from "@/shared/format/time";
import { Icon } from "./Icon";
import { usePageTitle } from "./usePageTitle";
import styles from "./ui.module.css";

const TICK_MS = 10_000;

// One clock for all relative times of the page.
let nowMs = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    nowMs = Date.now();
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The current time, refreshed every 10 s. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => nowMs);
}

export function RelativeTime({ time, suffix = "" }: { time: Timestamp | undefined; suffix?: string }) {
  const now = useNow();
  if (!time) return <span className={styles.num}>–</span>;
  const date = toDate(time);
  const text = age(Math.max(0, (now - date.getTime()) / 1000));
  return (
    <time className={styles.num} dateTime={date.toISOString()} data-tip={absolute(date)}>
      {text === "now" ? "just now" : `${text}${suffix}`}
    </time>
  );
}

/** `more`: what the tip says besides the exact number. */
export function Count({
  value,
  one,
  many,
  more,
}: {
  value: number | bigint;
  one: string;
  many?: string;
  more?: string;
}) {
  const exact = plural(value, one, many);
  return (
    <span className={styles.num} role="img" aria-label={exact} data-tip={more ? `${exact} ${more}` : exact}>
      {shortCount(value)}
    </span>
  );
}

const levelColours: Record<LevelName, string> = {
  fatal: "var(--level-fatal)",
  error: "var(--level-error)",
  warning: "var(--level-warning)",
  info: "var(--level-info)",
  debug: "var(--level-debug)",
};
export const levelColour = (level: LevelName): string => levelColours[level];

const levelStyle = (level: LevelName) => ({ "--level-colour": levelColours[level] }) as CSSProperties;

export function LevelMark({ level }: { level: LevelName }) {
  return (
    <span
      role="img"
      aria-label={`level ${level}`}
      data-tip={`Level: ${level}`}
      className={styles.levelMark}
      style={levelStyle(level)}
    />
  );
}

export function LevelLabel({ level }: { level: LevelName }) {
  return (
    <span className={styles.level} style={levelStyle(level)}>
      <span className={styles.levelMark} />
      <span className={styles.levelText}>{level}</span>
    </span>
  );
}

export function Pill({
  kind = "plain",
  children,
}: {
  kind?: "plain" | "good" | "quiet" | "accent" | "fail";
  children: ReactNode;
}) {
  const extra = {
    plain: "",
    good: styles.pillGood,
    quiet: styles.pillQuiet,
    accent: styles.pillAccent,
    fail: styles.pillFail,
  }[kind];
  return <span className={`${styles.pill} ${extra ?? ""}`}>{children}</span>;
}

export function StatusPill({ status }: { status: StatusName }) {
  if (status === "unresolved") return <Pill>Unresolved</Pill>;
  return status === "resolved" ? <Pill kind="good">Resolved</Pill> : <Pill kind="quiet">Ignored</Pill>;
}

const initials = (name: string): string => {
  const words = name
    .replace(/@.*/, "")
    .split(/[\s._-]+/)
    .filter(Boolean);
  return ((words[0]?.[0] ?? "?") + (words[1]?.[0] ?? "")).toUpperCase();
};

export function Avatar({ member, size = 22 }: { member: { name: string; email: string } | undefined; size?: number }) {
  // Also the font size: a button would make it that of its icon.
  const box = { width: size, height: size, fontSize: Math.round(size * 0.44) };
  if (!member) return <span className={`${styles.avatar} ${styles.avatarEmpty ?? ""}`} style={box} />;
  return (
    <span className={styles.avatar} style={box} aria-hidden="true">
      {initials(memberName(member))}
    </span>
  );
}

export const Kbd = ({ children }: { children: ReactNode }) => <kbd className={styles.kbd}>{children}</kbd>;

interface PageHeadProps {
  title: string;
  /** What of, in the browser's tab: the project's name. */
  of?: string | undefined;
  /** Rows that wait to be shown; told in the browser's tab. */
  waiting?: number;
  children?: ReactNode;
}

/** The page's heading, and its title in the browser's tab. */
export function PageHead({ title, of, waiting = 0, children }: PageHeadProps) {
  usePageTitle(waiting > 0 ? `(${waiting}) ${title}` : title, of);
  return (
    <div className={styles.pageHead}>
      <h1>{title}</h1>
      {children}
    </div>
  );
}

interface SegmentsProps<T extends string> {
  label: string;
  value: T;
  options: readonly (readonly [value: T, text: string])[];
  onChange: (value: T) => void;
}

/** A choice of few, all in view. */
export function Segments<T extends string>({ label, value, options, onChange }: SegmentsProps<T>) {
  return (
    <div className={styles.segments} role="group" aria-label={label}>
      {options.map(([option, text]) => (
        <button key={option} type="button" aria-pressed={option === value} onClick={() => onChange(option)}>
          {text}
        </button>
      ))}
    </div>
  );
}

/** Characters of a chip. */
const CHIP_MAX = 48;

export function RemovableChip({ text, onRemove }: { text: string; onRemove: () => void }) {
  return (
    <span className={styles.chip}>
      <span data-tip={text.length > CHIP_MAX ? text : undefined}>{cutMiddle(text, CHIP_MAX)}</span>
      <button type="button" aria-label={`Remove filter ${text}`} onClick={onRemove}>
        <Icon name="close" size={12} />
      </button>
    </span>
  );
}

/** For the `ref` of the tab one is on: where tabs are more than fit, it must not be the one that is cut. */
export function bringIntoView(tab: Element | null): void {
  tab?.scrollIntoView({ block: "nearest", inline: "center" });
}
