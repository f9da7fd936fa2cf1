import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { listenForTips } from "./earlyTips";
import { TipHost } from "./TipHost";

function show({ early = () => undefined }: { early?: () => void } = {}) {
  cleanup();
  const { rerender } = render(page(false));
  early();
  rerender(page(true));
}
const page = (withTips: boolean) => (
  <>
    <main>
      <div data-row="1">
        <a href="#1" title="TypeError: the whole of it">
          TypeError
        </a>
        <span data-tip="5,406 events">5.4k</span>
        <time data-tip="28 Nov 2026, 18:20">5m ago</time>
        <button type="button" data-tip="Assign">
          A
        </button>
      </div>
      <p>nothing</p>
    </main>
    {withTips && <TipHost />}
  </>
);

beforeEach(() => {
  vi.useFakeTimers();
  show();
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const pass = (ms: number) =>
  act(() => {
    vi.advanceTimersByTime(ms);
  });
// jsdom knows no PointerEvent.
const send = (
  element: Element,
  type: string,
  { pointerType = "touch", clientX = 0 }: { pointerType?: string; clientX?: number } = {},
) =>
  act(() => {
    element.dispatchEvent(
      Object.assign(new MouseEvent(type, { bubbles: true, cancelable: true, clientX }), { pointerType }),
    );
  });
const click = (element: Element) =>
  act(() => {
    element.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
  });
const tap = (element: Element) => {
  send(element, "pointerover");
  send(element, "pointerdown");
  send(element, "pointerup");
  click(element);
};
const press = (key: string) =>
  act(() => {
    (document.activeElement ?? document.body).dispatchEvent(
      new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }),
    );
  });
const tip = () => (screen.queryByRole("tooltip") ?? screen.queryByRole("status"))?.textContent ?? null;
const count = () => screen.getByText("5.4k");
const button = () => screen.getByRole("button");

describe("a finger", () => {
  test("taps what does nothing by itself, and again or elsewhere to have it gone", () => {
    tap(count());
    expect(tip()).toBe("5,406 events");
    tap(count());
    expect(tip()).toBeNull();
    tap(screen.getByText("5m ago"));
    expect(tip()).toBe("28 Nov 2026, 18:20");
    tap(screen.getByText("nothing"));
    expect(tip()).toBeNull();
  });

  test("holds what does something, which is not done then", () => {
    const done = vi.fn();
    button().addEventListener("click", done);
    tap(button());
    expect([tip(), done.mock.calls.length]).toEqual([null, 1]);
    send(button(), "pointerdown");
    pass(500);
    expect(tip()).toBe("Assign");
    send(button(), "pointerup");
    click(button());
    expect([tip(), done.mock.calls.length]).toEqual(["Assign", 1]);
    // The next tap is one again.
    tap(button());
    expect(done.mock.calls.length).toBe(2);
  });

  test("that scrolls explains nothing", () => {
    send(count(), "pointerdown", { clientX: 0 });
    send(count(), "pointermove", { clientX: 30 });
    pass(1000);
    send(count(), "pointerup");
    expect(tip()).toBeNull();
    send(count(), "pointerdown");
    send(count(), "pointercancel");
    pass(1000);
    expect(tip()).toBeNull();
  });
});

describe("before the code of tips is there", () => {
  const early = (act: () => void) => {
    show({ early: () => (listenForTips(), act()) });
    return tip();
  };

  test("a tap waits for it, unless it is over by then", () => {
    expect(early(() => tap(count()))).toBe("5,406 events");
    expect(early(() => (tap(count()), tap(screen.getByText("nothing"))))).toBeNull();
    expect(early(() => (tap(count()), press("Escape")))).toBeNull();
    expect(early(() => (tap(count()), count().remove()))).toBeNull();
    // Kept for once.
    show();
    expect(tip()).toBeNull();
  });

  test("what a tap does is done and not explained, and a finger that scrolls asks nothing", () => {
    expect(early(() => tap(button()))).toBeNull();
    const scroll = () => {
      send(count(), "pointerdown");
      send(count(), "pointerup", { clientX: 30 });
    };
    expect(early(scroll)).toBeNull();
  });

  test("the key waits for it", () => {
    expect(early(() => press("t"))).toContain("5,406 events");
  });
});

describe("a mouse and the keyboard", () => {
  test("hovering waits a moment, and shows no tip of its own where the browser does", () => {
    send(count(), "pointerover", { pointerType: "mouse" });
    expect(tip()).toBeNull();
    pass(350);
    expect(tip()).toBe("5,406 events");
    send(screen.getByRole("link"), "pointerover", { pointerType: "mouse" });
    pass(350);
    expect(tip()).toBeNull();
  });

  test("`t` tells all of the row that the keyboard is on, and Escape or `t` ends it", () => {
    act(() => screen.getByRole("link").focus());
    for (const end of ["t", "Escape"]) {
      press("t");
      expect([...screen.getByRole("status").children].map((each) => each.textContent)).toEqual([
        "TypeError: the whole of it",
        "5.4k: 5,406 events",
        "5m ago: 28 Nov 2026, 18:20",
      ]);
      press(end);
      expect(tip()).toBeNull();
    }
  });

  test("`t` without a place of the keyboard tells of the page, and in a field it is a letter", () => {
    press("t");
    expect(tip()).toContain("5,406 events");
    press("Escape");
    const field = document.createElement("input");
    document.body.append(field);
    act(() => field.focus());
    press("t");
    expect(tip()).toBeNull();
    field.remove();
  });
});
