import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useRetryCountdown, whenAnswered } from "./online";

beforeEach(() => {
  vi.useFakeTimers();
  whenAnswered();
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

/** The seconds until `retry` was called, of a countdown that is shown anew for each try, as pages do it. */
function secondsUntilTry(): number {
  const retry = vi.fn();
  const { unmount } = renderHook(() => useRetryCountdown(retry, true));
  let seconds = 0;
  while (retry.mock.calls.length === 0) {
    act(() => {
      vi.advanceTimersByTime(1000);
    });
    seconds += 1;
  }
  unmount();
  return seconds;
}

test("each try in vain waits longer, though the page that counts is a new one, until the server answers", () => {
  expect(Array.from({ length: 6 }, secondsUntilTry)).toEqual([3, 5, 10, 20, 30, 30]);
  whenAnswered();
  expect(secondsUntilTry()).toBe(3);
});
