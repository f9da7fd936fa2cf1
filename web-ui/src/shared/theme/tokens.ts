// Every colour, size and radius of the UI, light and dark. Owns the look; nothing
// else names a colour. Text colours hold WCAG AA on every surface, edges and series of
// charts what WCAG asks of graphics: the test computes it.
//
// Levels have colours of their own that are used for nothing else; the accent is
// for what can be pressed or is chosen.

export interface Scheme {
  /** Behind everything. */
  paper: string;
  /** Panels, menus, fields. */
  sheet: string;
  /** Hovered rows, code. */
  wash: string;
  /** The row the keyboard is on, pressed controls. */
  washStrong: string;
  /** The chosen one of a row of choices: lighter than `washStrong` in both schemes. */
  chosen: string;
  line: string;
  lineStrong: string;
  /** Around what can be filled in, ticked or pressed: it must be found without colour. */
  edge: string;
  ink: string;
  inkSoft: string;
  inkFaint: string;
  accent: string;
  accentInk: string;
  accentWash: string;
  onAccent: string;
  good: string;
  goodWash: string;
  danger: string;
  levelFatal: string;
  levelError: string;
  levelWarning: string;
  levelInfo: string;
  levelDebug: string;
  /** The failing line of a stack frame. */
  failWash: string;
  failLine: string;
  codeString: string;
  codeKeyword: string;
  codeNumber: string;
  codeComment: string;
  series1: string;
  series2: string;
  series3: string;
  series4: string;
  series5: string;
  seriesRest: string;
  shadow: string;
}

export const light: Scheme = {
  paper: "#f8f7f4",
  sheet: "#ffffff",
  wash: "#f3f1ed",
  washStrong: "#eae7e1",
  chosen: "#ffffff",
  line: "#e6e2db",
  lineStrong: "#cfc9bf",
  edge: "#8f826b",
  ink: "#1f1d1a",
  inkSoft: "#57534c",
  inkFaint: "#6c675e",
  accent: "#0b6e66",
  accentInk: "#0a5f58",
  accentWash: "#e0f0ed",
  onAccent: "#ffffff",
  good: "#3f6b1f",
  goodWash: "#e9f1df",
  danger: "#a3271c",
  levelFatal: "#8a1c7c",
  levelError: "#bd3629",
  levelWarning: "#915c00",
  levelInfo: "#2467b7",
  levelDebug: "#6b6760",
  failWash: "#fdeeea",
  failLine: "#d8533f",
  codeString: "#4b6a1e",
  codeKeyword: "#7a3e8e",
  codeNumber: "#9a4d12",
  codeComment: "#6b675e",
  series1: "#0b6e66",
  series2: "#b47536",
  series3: "#7d6fae",
  series4: "#588f6e",
  series5: "#5b86a8",
  seriesRest: "#8b8273",
  shadow: "0 8px 28px rgb(50 44 34 / 16%), 0 1px 3px rgb(50 44 34 / 10%)",
};

export const dark: Scheme = {
  paper: "#131312",
  sheet: "#1b1a19",
  wash: "#232220",
  washStrong: "#2e2c2a",
  chosen: "#4a4743",
  line: "#2b2927",
  lineStrong: "#45423e",
  edge: "#7b756e",
  ink: "#eceae6",
  inkSoft: "#b5b0a8",
  inkFaint: "#9a948b",
  accent: "#3fb8a9",
  accentInk: "#5cc9bb",
  accentWash: "#15322f",
  onAccent: "#06201d",
  good: "#a5c97d",
  goodWash: "#222d17",
  danger: "#f2897c",
  levelFatal: "#dc84d0",
  levelError: "#f0705f",
  levelWarning: "#e0a53f",
  levelInfo: "#72aeee",
  levelDebug: "#9b958b",
  failWash: "#33201c",
  failLine: "#e2634f",
  codeString: "#a9c77e",
  codeKeyword: "#cf9fe0",
  codeNumber: "#e3a772",
  codeComment: "#99948b",
  series1: "#3fb8a9",
  series2: "#d6a26a",
  series3: "#a698d6",
  series4: "#86bd9b",
  series5: "#86afd0",
  seriesRest: "#7b756d",
  shadow: "0 8px 28px rgb(0 0 0 / 55%), 0 0 0 1px rgb(255 255 255 / 6%)",
};

export const type = {
  sans: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", sans-serif',
  mono: 'ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "Liberation Mono", monospace',
  /** Pixels. */
  body: 13,
  small: 12,
};

/** Pixels; everything sits on a grid of 4. */
export const radius = { small: 4, medium: 6, large: 10 };

const kebab = (name: string) => name.replace(/[A-Z0-9]/g, (c) => `-${c.toLowerCase()}`);

/** The tokens as custom properties (`levelError` → `--level-error`). */
export function customProperties(scheme: Scheme): Record<string, string> {
  const colours = Object.entries(scheme) as [string, string][];
  return Object.fromEntries([
    ...colours.map(([name, value]) => [`--${kebab(name)}`, value]),
    ["--sans", type.sans],
    ["--mono", type.mono],
    ["--radius", `${radius.medium}px`],
    ["--radius-small", `${radius.small}px`],
    ["--radius-large", `${radius.large}px`],
  ]) as Record<string, string>;
}
