// The one tooltip of the page. Whatever carries `data-tip` gets it on hover and on
// keyboard focus: a list of hundreds of rows costs one listener, not hundreds.
// A tip explains; the accessible name is on the element itself.
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import styles from "./ui.module.css";

const DELAY_MS = 350;
const MARGIN = 8;

interface Tip {
  text: string;
  anchor: DOMRect;
}

export function TipHost() {
  const [tip, setTip] = useState<Tip | null>(null);
  const box = useRef<HTMLDivElement>(null);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let current: Element | null = null;
    const hide = () => {
      clearTimeout(timer);
      current = null;
      setTip(null);
    };
    const over = (event: Event) => {
      const target = event.target instanceof Element ? event.target.closest("[data-tip]") : null;
      if (target === current) return;
      hide();
      if (!target || (event.type === "focusin" && !target.matches(":focus-visible"))) return;
      current = target;
      timer = setTimeout(() => {
        const text = target.getAttribute("data-tip");
        if (text && target.isConnected) setTip({ text, anchor: target.getBoundingClientRect() });
      }, DELAY_MS);
    };
    const key = (event: KeyboardEvent) => event.key === "Escape" && hide();
    document.addEventListener("pointerover", over);
    document.addEventListener("focusin", over);
    document.addEventListener("pointerdown", hide);
    document.addEventListener("scroll", hide, true);
    document.addEventListener("keydown", key);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("pointerover", over);
      document.removeEventListener("focusin", over);
      document.removeEventListener("pointerdown", hide);
      document.removeEventListener("scroll", hide, true);
      document.removeEventListener("keydown", key);
    };
  }, []);

  useLayoutEffect(() => {
    const element = box.current;
    if (!tip || !element) return;
    const { width, height } = element.getBoundingClientRect();
    const below = tip.anchor.bottom + 6;
    const top = below + height > window.innerHeight - MARGIN ? tip.anchor.top - height - 6 : below;
    const left = Math.min(Math.max(tip.anchor.left + tip.anchor.width / 2 - width / 2, MARGIN), window.innerWidth - width - MARGIN);
    element.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }, [tip]);

  return tip && <div ref={box} className={styles.tip} role="tooltip">{tip.text}</div>;
}
