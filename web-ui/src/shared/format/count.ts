// Counts for people: short in lists, exact in tooltips.

const exact = new Intl.NumberFormat("en");
const UNITS = ["", "k", "M", "G", "T"];

/** 999 → "999", 1_951 → "2k", 12_400 → "12.4k", 999_950 → "1M": rounded to three digits at most. */
export function shortCount(value: number | bigint): string {
  let scaled = Number(value);
  let unit = 0;
  const rounded = () =>
    unit === 0 ? scaled : Math.abs(scaled) < 99.95 ? Math.round(scaled * 10) / 10 : Math.round(scaled);
  // Rounding may fill the unit: 999,999 is 1M and not 1000k.
  while (Math.abs(rounded()) >= 1000 && unit < UNITS.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  return `${rounded()}${UNITS[unit] ?? ""}`;
}

export const exactCount = (value: number | bigint): string => exact.format(value);

/** "1 event", "2 events". */
export const plural = (value: number | bigint, one: string, many = `${one}s`): string =>
  `${exact.format(value)} ${Number(value) === 1 ? one : many}`;

/** With fewer events before, a percentage says nothing. */
const BEFORE_MIN = 20;
/** From here on it is told in times. */
const TIMES_MIN = 10;

/** How `now` compares with the time before: "+24% against the time before", "12× the time before", "7 in the time before". */
export function comparison(now: number, before: number): string {
  if (before === 0) return now === 0 ? "" : "none in the time before";
  if (before < BEFORE_MIN) return `${exact.format(before)} in the time before`;
  if (now >= before * TIMES_MIN) return `${exact.format(Math.round(now / before))}× the time before`;
  const percent = Math.round(((now - before) / before) * 100);
  if (percent === 0) return "as in the time before";
  return `${percent > 0 ? "+" : "−"}${Math.abs(percent)}% against the time before`;
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
