// Every colour of a text on every surface that it can stand on, computed.
import { describe, expect, test } from "vitest";
import { dark, light, type Scheme } from "./tokens";

/** Relative luminance, WCAG 2.2. */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [bright = 0, dim = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (bright + 0.05) / (dim + 0.05);
}

type Name = keyof Scheme;
const SURFACES: readonly Name[] = ["paper", "sheet", "wash", "washStrong", "failWash", "accentWash", "goodWash"];
const TEXTS: readonly Name[] = [
  "ink",
  "inkSoft",
  "inkFaint",
  "accentInk",
  "good",
  "danger",
  "levelFatal",
  "levelError",
  "levelWarning",
  "levelInfo",
  "levelDebug",
  "codeString",
  "codeKeyword",
  "codeNumber",
  "codeComment",
];
const GRAPHICS: readonly Name[] = [
  "accent",
  "edge",
  "failLine",
  "series1",
  "series2",
  "series3",
  "series4",
  "series5",
  "seriesRest",
];
const PLAIN: readonly Name[] = ["paper", "sheet", "wash", "washStrong"];

const pairs = (names: readonly Name[], surfaces: readonly Name[]) =>
  names.flatMap((name) => surfaces.map((surface): [Name, Name] => [name, surface]));

test("the formula is the standard's", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 5);
  expect(contrast("#767676", "#ffffff")).toBeGreaterThanOrEqual(4.5);
  expect(contrast("#777777", "#ffffff")).toBeLessThan(4.5);
});

describe.each([
  ["light", light],
  ["dark", dark],
])("%s", (_, scheme) => {
  test.each(pairs(TEXTS, SURFACES))("%s can be read on %s", (text, surface) => {
    expect(contrast(scheme[text], scheme[surface])).toBeGreaterThanOrEqual(4.5);
  });

  test.each(pairs(GRAPHICS, PLAIN))("%s can be seen on %s", (graphic, surface) => {
    expect(contrast(scheme[graphic], scheme[surface])).toBeGreaterThanOrEqual(3);
  });

  test("what stands on the accent can be read, and on a tooltip", () => {
    expect(contrast(scheme.onAccent, scheme.accent)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(scheme.paper, scheme.ink)).toBeGreaterThanOrEqual(4.5);
  });

  test("every colour is in one of the lists, or is a surface or a line", () => {
    const known = new Set<string>([
      ...SURFACES,
      ...TEXTS,
      ...GRAPHICS,
      "onAccent",
      "line",
      "lineStrong",
      "shadow",
      "chosen",
    ]);
    expect(Object.keys(scheme).filter((name) => !known.has(name))).toEqual([]);
  });
});
