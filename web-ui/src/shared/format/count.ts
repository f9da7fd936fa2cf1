// Counts for people: short in lists, exact in tooltips.

const exact = new Intl.NumberFormat("en");
const UNITS = ["", "k", "M", "G", "T"];

/** 999 → "999", 12_400 → "12.4k", 1_000_000 → "1M". Never rounds up to a wrong unit. */
export function shortCount(value: number | bigint): string {
  let scaled = Number(value);
  let unit = 0;
  while (Math.abs(scaled) >= 1000 && unit < UNITS.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  if (unit === 0) return String(scaled);
  // Truncated, so that 999,999 is 999k and not 1000k.
  const digits = Math.abs(scaled) < 100 ? Math.trunc(scaled * 10) / 10 : Math.trunc(scaled);
  return `${digits}${UNITS[unit] ?? ""}`;
}

export const exactCount = (value: number | bigint): string => exact.format(value);

/** "1 event", "2 events". */
export const plural = (value: number | bigint, one: string, many = `${one}s`): string =>
  `${exact.format(value)} ${Number(value) === 1 ? one : many}`;

/** The change from `before` to `now` in percent: "+24%", "−8%", "new", "". */
export function change(now: number, before: number): string {
  if (before === 0) return now === 0 ? "" : "new";
  const percent = Math.round(((now - before) / before) * 100);
  if (percent === 0) return "±0%";
  return percent > 0 ? `+${percent}%` : `−${-percent}%`;
}

/** A share of a whole: 0.004 → "<1%". */
export function share(part: number | bigint, whole: number | bigint): string {
  const total = Number(whole);
  if (total === 0) return "0%";
  const percent = (Number(part) / total) * 100;
  if (percent > 0 && percent < 1) return "<1%";
  if (percent > 99 && percent < 100) return ">99%";
  return `${Math.round(percent)}%`;
}
