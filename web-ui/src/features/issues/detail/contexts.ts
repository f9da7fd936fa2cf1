// Contexts as people read them: sizes in units, what says nothing left out.
import { size } from "@/shared/format/size";

/** What counts bytes, by the names that SDKs give. */
const BYTES =
  /^(?:(?:free|used|total|usable|app|heap|external|cached)_?(?:memory|storage|size|heap|bytes)?|.*_(?:memory|storage|bytes)|memory_size|storage_size)$/;
/** Smaller numbers are hardly bytes of a machine. */
const BYTES_MIN = 1_000_000;

/** The members that say something, with sizes that can be read. */
export function humanised(context: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(context)
    .filter(([key, value]) => key !== "type" && value !== null && value !== undefined && value !== "")
    .map(([key, value]) => [
      key,
      typeof value === "number" && value >= BYTES_MIN && BYTES.test(key)
        ? `${size(value)} (${value.toLocaleString("en")} bytes)`
        : value,
    ]);
}
