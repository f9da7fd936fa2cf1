// Code that is fetched when it is needed, and what to do when it cannot be: after an
// upgrade the old file is gone, and only loading the page again helps. That is done
// once by itself for each part; a second failure is shown instead of a loop.
//
// Invariant: the page is never loaded again unless the server has just answered, since
// a browser's own error page would take the reader's place.

/** Longer than a restart's gap between accept and answer, shorter than patience. */
const PROBE_TIMEOUT_MS = 5000;

const keyOf = (name: string) => `errata.reloaded.${name}`;

/** What chunks need of the browser; tests hand in their own. */
export interface Surroundings {
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  isOnline: () => boolean;
  /** Whether the server answers at all. */
  probe: () => Promise<boolean>;
  reload: () => void;
}

export const browser: Surroundings = {
  get storage() {
    return window.sessionStorage;
  },
  isOnline: () => navigator.onLine,
  probe: async () => {
    try {
      const answer = await fetch("/", {
        method: "HEAD",
        cache: "no-store",
        signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
      });
      return answer.ok;
    } catch {
      return false;
    }
  },
  reload: () => window.location.reload(),
};

export type Chunk<T> = { kind: "loaded"; value: T } | { kind: "missing"; error: unknown };

/** Loads a part's code. Never rejects: a part that is missing is a state to show. */
export async function loadChunk<T>(
  name: string,
  load: () => Promise<T>,
  around: Surroundings = browser,
): Promise<Chunk<T>> {
  try {
    const value = await load();
    forget(name, around);
    return { kind: "loaded", value };
  } catch (error) {
    return { kind: "missing", error };
  }
}

/** Storage may be forbidden: then nothing is done by itself. */
function remembered(name: string, around: Surroundings): boolean {
  try {
    return around.storage.getItem(keyOf(name)) !== null;
  } catch {
    return true;
  }
}

function forget(name: string, around: Surroundings): void {
  try {
    around.storage.removeItem(keyOf(name));
  } catch {
    // Nothing was remembered either.
  }
}

export type Outlook = "reloading" | "offline" | "away" | "broken";

/** What became of a part that is missing; loads the page again the first time. */
export async function recover(name: string, around: Surroundings = browser): Promise<Outlook> {
  if (!around.isOnline()) return "offline";
  if (!(await around.probe())) return "away";
  if (remembered(name, around)) return "broken";
  try {
    around.storage.setItem(keyOf(name), "1");
  } catch {
    return "broken";
  }
  around.reload();
  return "reloading";
}

/** The reader asks for it: loads the page again if there is someone to load it from. */
export async function retryChunk(around: Surroundings = browser): Promise<Outlook> {
  if (!around.isOnline()) return "offline";
  if (!(await around.probe())) return "away";
  around.reload();
  return "reloading";
}
