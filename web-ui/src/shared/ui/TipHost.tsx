// The one tooltip of the page. Whatever carries `data-tip` gets it on hover and on
// keyboard focus: a list of hundreds of rows costs one listener, not hundreds.
// A tip explains; the accessible name is on the element itself.
//
// What hovering tells is told without a mouse, too: a finger taps it, or holds it where
// a tap does something, and the key `t` tells all of what the keyboard is on. A native
// `title` counts as a tip there; on hover the browser shows it.
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { isTyping } from "../keys/isTyping";
import { SLACK, takeAsked } from "./earlyTips";
import { ACTION, ownTip, type Tips, tipsAround } from "./tips";
import styles from "./ui.module.css";

const DELAY_MS = 350;
/** A finger that stays so long holds. */
const HOLD_MS = 500;
const MARGIN = 8;

interface Tip extends Tips {
  /** Asked for by key: read out. */
  asked: boolean;
}

/** Hover and keyboard focus. */
function followPointer(show: (element: Element, asked?: boolean) => void, hide: () => void) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let current: Element | null = null;
  const leave = () => {
    clearTimeout(timer);
    current = null;
    hide();
  };
  const over = (event: Event) => {
    // A finger is not over anything: it touches or it does not.
    if ("pointerType" in event && event.pointerType === "touch") return;
    const target = event.target instanceof Element ? event.target.closest("[data-tip]") : null;
    if (target === current) return;
    leave();
    if (!target || (event.type === "focusin" && !target.matches(":focus-visible"))) return;
    wait(target);
  };
  const wait = (target: Element) => {
    current = target;
    timer = setTimeout(() => target.isConnected && show(target), DELAY_MS);
  };
  /** Tips load late: the pointer may have come first. */
  const begin = () => {
    const hovered = [...document.querySelectorAll("[data-tip]:hover")].at(-1);
    if (hovered) wait(hovered);
  };
  return { over, leave, begin };
}

/** A finger: a tap on what does nothing by itself, a hold on anything. */
function followFinger(show: (element: Element) => void, shown: () => Element | null) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let touched: { element: Element; x: number; y: number; wasShown: boolean } | null = null;
  let held = false;
  const end = () => {
    clearTimeout(timer);
    touched = null;
  };
  return {
    down: (event: PointerEvent) => {
      held = false;
      end();
      if (event.pointerType === "mouse") return;
      const element = event.target instanceof Element ? event.target.closest("[data-tip], [title]") : null;
      if (!element) return;
      touched = { element, x: event.clientX, y: event.clientY, wasShown: shown() === element };
      timer = setTimeout(() => {
        held = true;
        show(element);
      }, HOLD_MS);
    },
    move: (event: PointerEvent) => {
      if (touched && Math.hypot(event.clientX - touched.x, event.clientY - touched.y) > SLACK) end();
    },
    up: () => {
      if (touched && !held && !touched.wasShown && !touched.element.closest(ACTION)) show(touched.element);
      end();
    },
    end,
    /** What was held to be explained is not pressed. */
    click: (event: MouseEvent) => {
      if (!held) return;
      held = false;
      event.preventDefault();
      event.stopPropagation();
    },
    /** A held link has the browser's menu, which is worth more than a tip. */
    menu: (event: Event) => {
      if (held && event.target instanceof Element && !event.target.closest("a[href]")) event.preventDefault();
    },
  };
}

/** Something lies over the page, and has the keys. */
const isCovered = (): boolean => document.querySelector('[role="dialog"],[role="menu"],[role="listbox"]') !== null;

export function TipHost() {
  const [tip, setTip] = useState<Tip | null>(null);
  const box = useRef<HTMLDivElement>(null);

  useEffect(() => {
    let shown: Element | null = null;
    const hide = () => {
      shown = null;
      setTip(null);
    };
    const show = (element: Element) => {
      const text = ownTip(element);
      if (text === "") return;
      shown = element;
      setTip({ lines: [text], anchor: element.getBoundingClientRect(), asked: false });
    };
    const { over, leave, begin } = followPointer(show, hide);
    const finger = followFinger(show, () => shown);
    const down = (event: PointerEvent) => {
      finger.down(event);
      leave();
    };
    const key = (event: KeyboardEvent) => {
      if (event.key === "Escape") return leave();
      if (
        event.key !== "t" ||
        event.defaultPrevented ||
        event.ctrlKey ||
        event.metaKey ||
        event.altKey ||
        isTyping(event.target)
      )
        return;
      if (isCovered()) return;
      event.preventDefault();
      tell();
    };
    const tell = () => {
      // Pressed again it goes.
      const was = shown;
      leave();
      const found = tipsAround(document.activeElement);
      if (!found || found.of === was) return;
      shown = found.of;
      setTip({ ...found, asked: true });
    };
    document.addEventListener("pointerover", over);
    document.addEventListener("focusin", over);
    document.addEventListener("pointerdown", down);
    document.addEventListener("pointermove", finger.move);
    document.addEventListener("pointerup", finger.up);
    document.addEventListener("pointercancel", finger.end);
    document.addEventListener("click", finger.click, true);
    document.addEventListener("contextmenu", finger.menu, true);
    document.addEventListener("scroll", leave, true);
    document.addEventListener("keydown", key);
    begin();
    const early = takeAsked();
    if (early === "key") {
      if (!isCovered()) tell();
    } else if (early?.element.isConnected && !early.element.closest(ACTION)) {
      show(early.element);
    }
    return () => {
      leave();
      finger.end();
      document.removeEventListener("pointerover", over);
      document.removeEventListener("focusin", over);
      document.removeEventListener("pointerdown", down);
      document.removeEventListener("pointermove", finger.move);
      document.removeEventListener("pointerup", finger.up);
      document.removeEventListener("pointercancel", finger.end);
      document.removeEventListener("click", finger.click, true);
      document.removeEventListener("contextmenu", finger.menu, true);
      document.removeEventListener("scroll", leave, true);
      document.removeEventListener("keydown", key);
    };
  }, []);

  useLayoutEffect(() => {
    const element = box.current;
    if (!tip || !element) return;
    const { width, height } = element.getBoundingClientRect();
    const below = tip.anchor.bottom + 6;
    const top = below + height > window.innerHeight - MARGIN ? Math.max(MARGIN, tip.anchor.top - height - 6) : below;
    const left = Math.min(
      Math.max(tip.anchor.left + tip.anchor.width / 2 - width / 2, MARGIN),
      window.innerWidth - width - MARGIN,
    );
    element.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }, [tip]);

  if (!tip) return null;
  return (
    <div ref={box} className={styles.tip} role={tip.asked ? "status" : "tooltip"}>
      {tip.lines.map((line) => (
        <div key={line}>{line}</div>
      ))}
    </div>
  );
}
