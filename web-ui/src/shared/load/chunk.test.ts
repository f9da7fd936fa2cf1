import { describe, expect, test } from "vitest";
import { loadChunk, recover, retryChunk, type Surroundings } from "./chunk";

function around(changes: Partial<{ online: boolean; answers: boolean; storage: boolean }> = {}) {
  const state = { online: true, answers: true, storage: true, reloads: 0, ...changes };
  const kept = new Map<string, string>();
  const refuse = () => {
    if (!state.storage) throw new Error("storage is forbidden");
  };
  const surroundings: Surroundings = {
    storage: {
      getItem: (key) => (refuse(), kept.get(key) ?? null),
      setItem: (key, value) => (refuse(), void kept.set(key, value)),
      removeItem: (key) => (refuse(), void kept.delete(key)),
    },
    isOnline: () => state.online,
    probe: () => Promise.resolve(state.answers),
    reload: () => void (state.reloads += 1),
  };
  return { state, surroundings };
}

const missing = () => Promise.reject(new TypeError("Failed to fetch dynamically imported module"));

describe("a chunk that cannot be fetched", () => {
  test("loads the page again once, then is a state to show", async () => {
    const { state, surroundings } = around();
    expect(await loadChunk("dashboard", missing, surroundings)).toMatchObject({ kind: "missing" });
    expect(await recover("dashboard", surroundings)).toBe("reloading");
    expect(await loadChunk("dashboard", missing, surroundings)).toMatchObject({ kind: "missing" });
    expect(await recover("dashboard", surroundings)).toBe("broken");
    expect(state.reloads).toBe(1);
  });

  test("a part that loads does not clear another's guard: no loop", async () => {
    const { state, surroundings } = around();
    await recover("dashboard", surroundings);
    await loadChunk("issues", () => Promise.resolve(1), surroundings);
    expect(await recover("dashboard", surroundings)).toBe("broken");
    expect(state.reloads).toBe(1);
  });

  test("once it was loaded, the next upgrade is healed, too", async () => {
    const { state, surroundings } = around();
    await recover("dashboard", surroundings);
    expect(await loadChunk("dashboard", () => Promise.resolve(7), surroundings)).toEqual({ kind: "loaded", value: 7 });
    expect(await recover("dashboard", surroundings)).toBe("reloading");
    expect(state.reloads).toBe(2);
  });

  test.each([
    [{ online: false }, "offline"],
    [{ answers: false }, "away"],
    [{ storage: false }, "broken"],
  ] as const)("with %o nothing is loaded by itself: %s", async (changes, outlook) => {
    const { state, surroundings } = around(changes);
    expect(await recover("dashboard", surroundings)).toBe(outlook);
    expect(state.reloads).toBe(0);
  });

  test("a reader's retry loads again as often as asked, if somebody answers", async () => {
    const { state, surroundings } = around();
    await recover("dashboard", surroundings);
    expect(await retryChunk(surroundings)).toBe("reloading");
    state.answers = false;
    expect(await retryChunk(surroundings)).toBe("away");
    expect(state.reloads).toBe(2);
  });
});
