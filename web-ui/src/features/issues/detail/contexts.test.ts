import { expect, test } from "vitest";
import { humanised } from "./contexts";

test("sizes can be read, and what is empty is left out", () => {
  const shown = humanised({
    type: "device",
    free_memory: 24_154_271_744,
    memory_size: 33_000_000_000,
    parent_span_id: null,
    model: "",
    cores: 8,
    boot_time: 1_700_000_000,
    online: false,
  });
  expect(shown).toEqual([
    ["free_memory", "24.1 GB (24,154,271,744 bytes)"],
    ["memory_size", "33 GB (33,000,000,000 bytes)"],
    ["cores", 8],
    ["boot_time", 1_700_000_000],
    ["online", false],
  ]);
});
