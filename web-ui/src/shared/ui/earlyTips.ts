// Taps and keys that ask for a tip before the code of tips is there: the newest waits
// for it, rather than being lost on a page that is still loading.
import { isTyping } from "../keys/isTyping";

/** Pixels: a finger that moves further scrolls. */
export const SLACK = 10;

type Asked = { element: Element } | "key";

let asked: Asked | null = null;
let from: { x: number; y: number } | null = null;

const down = (event: PointerEvent) => {
  asked = null;
  from = event.pointerType === "mouse" ? null : { x: event.clientX, y: event.clientY };
};

const up = (event: PointerEvent) => {
  const start = from;
  from = null;
  if (!start || Math.hypot(event.clientX - start.x, event.clientY - start.y) > SLACK) return;
  const element = event.target instanceof Element ? event.target.closest("[data-tip], [title]") : null;
  if (element) asked = { element };
};

const cancel = () => {
  from = null;
};

const key = (event: KeyboardEvent) => {
  const isPlain = !event.defaultPrevented && !event.ctrlKey && !event.metaKey && !event.altKey;
  asked = event.key === "t" && isPlain && !isTyping(event.target) ? "key" : null;
};

/** From now on what is asked is kept. */
export function listenForTips(): void {
  document.addEventListener("pointerdown", down);
  document.addEventListener("pointerup", up);
  document.addEventListener("pointercancel", cancel);
  document.addEventListener("keydown", key);
}

/** What was asked for last; from now on tips listen themselves. */
export function takeAsked(): Asked | null {
  document.removeEventListener("pointerdown", down);
  document.removeEventListener("pointerup", up);
  document.removeEventListener("pointercancel", cancel);
  document.removeEventListener("keydown", key);
  const last = asked;
  asked = null;
  return last;
}
