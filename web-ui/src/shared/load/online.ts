// Whether the browser has a network, and a clock for retries that count down.
import { useEffect, useRef, useState, useSyncExternalStore } from "react";

function subscribe(listener: () => void): () => void {
  window.addEventListener("online", listener);
  window.addEventListener("offline", listener);
  return () => {
    window.removeEventListener("online", listener);
    window.removeEventListener("offline", listener);
  };
}

export const useOnline = (): boolean =>
  useSyncExternalStore(
    subscribe,
    () => navigator.onLine,
    () => true,
  );

/** Seconds before each try; the last one for all further ones. */
export const RETRY_AFTER_S = [3, 5, 10, 20, 30] as const;

// A page that tries again shows its skeleton meanwhile, and its countdown is a new one:
// how often it tried in vain is known to none of them.
let triesInVain = 0;
const waitS = (): number => RETRY_AFTER_S[Math.min(triesInVain, RETRY_AFTER_S.length - 1)] ?? 30;

/** The server is there: the next failure waits as short as the first. */
export const whenAnswered = (): void => {
  triesInVain = 0;
};

/**
 * Calls `retry` after 3, 5, 10, 20, then every 30 seconds, and at once when the
 * network comes back. Answers with the seconds left, or null while it does not run.
 */
export function useRetryCountdown(retry: (() => void) | undefined, active: boolean): number | null {
  const online = useOnline();
  const [left, setLeft] = useState(waitS);
  const runs = active && retry !== undefined && online;
  // Callers hand in a new function with each render; the clock goes on.
  const latest = useRef(retry);
  useEffect(() => {
    latest.current = retry;
  });

  // Back online: the next second tries.
  const [wasOnline, setWasOnline] = useState(online);
  if (wasOnline !== online) {
    setWasOnline(online);
    if (online) setLeft(1);
  }

  useEffect(() => {
    if (!runs) return;
    const timer = setTimeout(() => {
      if (left > 1) {
        setLeft(left - 1);
        return;
      }
      triesInVain += 1;
      latest.current?.();
      setLeft(waitS());
    }, 1000);
    return () => clearTimeout(timer);
  }, [runs, left]);

  return runs ? left : null;
}
