// Characters that cannot be seen, or that change the order of those around them. A
// text of an event that holds some must not be able to disguise itself or the page.

export type Bit = { text: string; control: false } | { text: string; control: true; name: string };

const NAMES: Readonly<Record<number, string>> = {
  0x00: "null",
  0x07: "bell",
  0x08: "backspace",
  0x1b: "escape",
  0x7f: "delete",
  0xad: "soft hyphen",
  0x61c: "Arabic letter mark",
  0x180e: "Mongolian vowel separator",
  0x200b: "zero-width space",
  0x200e: "left-to-right mark",
  0x200f: "right-to-left mark",
  0x2028: "line separator",
  0x2029: "paragraph separator",
  0x202a: "left-to-right embedding",
  0x202b: "right-to-left embedding",
  0x202c: "end of embedding",
  0x202d: "left-to-right override",
  0x202e: "right-to-left override",
  0x2060: "word joiner",
  0x2066: "left-to-right isolate",
  0x2067: "right-to-left isolate",
  0x2068: "first strong isolate",
  0x2069: "end of isolate",
  0xfeff: "byte order mark",
};

// Joiners (U+200C, U+200D) stay: emoji and many scripts are written with them. So do
// tab and line ends.
const CONTROL =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

const codeOf = (control: string): string =>
  `U+${(control.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;

/** Whether there is anything to make visible; most texts have nothing. */
export const hasControls = (text: string): boolean => text.search(CONTROL) !== -1;

/** A text in pieces, its controls each a piece of its own, written "U+202E". */
export function bits(text: string): Bit[] {
  const found: Bit[] = [];
  let at = 0;
  for (const match of text.matchAll(CONTROL)) {
    if (match.index > at) found.push({ text: text.slice(at, match.index), control: false });
    found.push({
      text: codeOf(match[0]),
      control: true,
      name: NAMES[match[0].codePointAt(0) ?? 0] ?? "control character",
    });
    at = match.index + match[0].length;
  }
  if (at < text.length) found.push({ text: text.slice(at), control: false });
  return found;
}

/** The same as one text, for titles and tooltips, which cannot hold elements. */
export const visible = (text: string): string =>
  hasControls(text)
    ? bits(text)
        .map((bit) => (bit.control ? `⟨${bit.text}⟩` : bit.text))
        .join("")
    : text;

/** Whether a text is written from the right, in part at least. */
export const isRightToLeft = (text: string): boolean => /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]/.test(text);
