// Sizes for people: decimal, as disks and networks count.

const UNITS = ["B", "kB", "MB", "GB"];

/** 999 → "999 B", 1_234 → "1.2 kB", 20_000 → "20 kB". */
export function size(bytes: number | bigint): string {
  let scaled = Number(bytes);
  let unit = 0;
  while (scaled >= 1000 && unit < UNITS.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || scaled >= 100 ? Math.trunc(scaled) : Math.trunc(scaled * 10) / 10;
  return `${digits} ${UNITS[unit] ?? ""}`;
}
