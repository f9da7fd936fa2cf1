// What an element's tip says, and what the tips around the keyboard's place say
// together.

/** What does something by itself when it is pressed. */
export const ACTION =
  'a[href], button, input, select, textarea, label, summary, [role="button"], [role^="menuitem"], [role="option"], [role="tab"], [data-opens="true"]';
/** What belongs together: a row, a line of facts. */
const GROUP = "[data-row], [data-tips], tr, li";
/** Further ones would not fit beside what they explain. */
const LINES_MAX = 16;
/** Characters of an element's own words before its tip. */
const WORDS_MAX = 40;

export interface Tips {
  lines: readonly string[];
  anchor: DOMRect;
}

export const ownTip = (element: Element): string =>
  element.getAttribute("data-tip") ?? element.getAttribute("title") ?? "";

const isVisible = (element: Element): boolean =>
  typeof element.checkVisibility !== "function" || element.checkVisibility();

/** "5m ago: 28 Nov 2026, 18:20": a tip with the words it explains, unless it repeats them. */
function line(element: Element): string {
  const tip = ownTip(element);
  const words = element.textContent.trim().replace(/\s+/g, " ");
  return words === "" || words.length > WORDS_MAX || tip.startsWith(words) || element.matches(ACTION)
    ? tip
    : `${words}: ${tip}`;
}

/** Tips within: of what the keyboard is on, and of all that the keyboard cannot be on. */
function linesIn(group: Element, focused: Element | null): string[] {
  const explained = [...group.querySelectorAll("[data-tip], [title]")].filter(
    (each) =>
      ownTip(each) !== "" &&
      isVisible(each) &&
      (each === focused || !each.closest(ACTION) || (each.matches("a[href]") && each.hasAttribute("title"))),
  );
  return [...new Set(explained.map(line))].slice(0, LINES_MAX);
}

/** All that is explained around the keyboard's place: its row, or else the nearest part of the page that explains anything. */
export function tipsAround(focused: Element | null): (Tips & { of: Element }) | null {
  const main = document.querySelector("main");
  const isSomewhere = focused !== null && focused !== document.body && focused !== main;
  let group: Element | null = isSomewhere
    ? (focused.closest(GROUP) ?? focused)
    : (document.querySelector("main [data-tips]") ?? main);
  for (; group; group = group.parentElement) {
    const lines = linesIn(group, focused);
    if (lines.length > 0)
      return {
        lines,
        anchor: (isSomewhere && group.contains(main) ? focused : group).getBoundingClientRect(),
        of: group,
      };
    if (group === main) return null;
  }
  return null;
}
