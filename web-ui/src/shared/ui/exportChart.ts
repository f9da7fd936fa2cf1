// A chart as a picture, and its numbers as a table: what people take elsewhere.

/** Pixels of the picture for one of the screen: sharp in a slide. */
const SCALE = 2;
/** Around the picture. */
const MARGIN = 16;
const TITLE_HEIGHT = 28;
/** What gives a shape its look, to be written into it: a picture knows no style sheet. */
const PROPERTIES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "font", "text-anchor"] as const;

export interface Table {
  head: readonly string[];
  rows: readonly (readonly (string | number)[])[];
}

const cell = (value: string | number): string => {
  const text = String(value);
  // What begins so is a formula to a spreadsheet.
  const plain = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
};

/** RFC 4180. */
export const csvOf = ({ head, rows }: Table): string =>
  [head, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");

/** "Events over time" → "errata-events-over-time-2026-11-28.csv" */
export const fileName = (title: string, ending: string, now = new Date()): string =>
  `errata-${title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")}-${now.toISOString().slice(0, 10)}.${ending}`;

export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser has read it when the next task runs.
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** The chart as it looks, with a title, in the colours of the page. */
function drawing(svg: SVGSVGElement, title: string): { text: string; width: number; height: number } {
  const { width, height } = svg.getBoundingClientRect();
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = [svg, ...svg.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((element, index) => {
    const original = originals[index];
    if (!original) return;
    const style = getComputedStyle(original);
    for (const property of PROPERTIES) {
      const value = style.getPropertyValue(property);
      // What is filled by a pattern names it by an address within the page.
      if (value !== "" && !value.includes("url(")) element.setAttribute(property, value);
    }
    element.removeAttribute("class");
  });
  const page = getComputedStyle(document.body);
  const whole = { width: width + 2 * MARGIN, height: height + 2 * MARGIN + TITLE_HEIGHT };
  const outer = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  outer.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  outer.setAttribute("width", String(whole.width));
  outer.setAttribute("height", String(whole.height));
  const back = document.createElementNS(outer.namespaceURI, "rect");
  back.setAttribute("width", "100%");
  back.setAttribute("height", "100%");
  back.setAttribute("fill", page.backgroundColor);
  const head = document.createElementNS(outer.namespaceURI, "text");
  head.setAttribute("x", String(MARGIN));
  head.setAttribute("y", String(MARGIN + 12));
  head.setAttribute("style", `font: 600 14px ${page.fontFamily}; fill: ${page.color}`);
  head.textContent = title;
  copy.setAttribute("x", String(MARGIN));
  copy.setAttribute("y", String(MARGIN + TITLE_HEIGHT));
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  copy.setAttribute("overflow", "visible");
  outer.append(back, head, copy);
  return { text: new XMLSerializer().serializeToString(outer), ...whole };
}

export async function pngOf(svg: SVGSVGElement, title: string): Promise<Blob> {
  const { text, width, height } = drawing(svg, title);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(width * SCALE);
  canvas.height = Math.ceil(height * SCALE);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser draws no pictures");
  context.scale(SCALE, SCALE);
  context.drawImage(image, 0, 0);
  return await new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture is too large"))), "image/png");
  });
}
