// The rows of the issue list as a reader finds them: what the heading counts, and what
// scrolling to the end shows.

export const idsDrawn = (page) =>
  page.evaluate(() => [...document.querySelectorAll("[data-row]")].map((row) => row.dataset.row));

/** The number beside the list's heading, once it stands; other pages have headings, too. */
export async function totalOf(page) {
  const total = await page.waitForFunction(() => {
    const heading = document.querySelector("h1");
    const shown = heading?.nextElementSibling?.textContent ?? "";
    const stands =
      heading?.textContent === "Issues" && /^[\d,]+$/.test(shown) && !document.querySelector("main [aria-busy='true']");
    // Zero is a number that stands, too.
    return stands && { total: Number(shown.replaceAll(",", "")) };
  });
  return (await total.jsonValue()).total;
}

/** Scrolls to the end, looking at every row on the way; `drawnMax`: most rows at once. */
export async function everyRow(page) {
  const seen = new Set();
  let drawnMax = 0;
  for (let bottom = false; !bottom;) {
    const ids = await idsDrawn(page);
    drawnMax = Math.max(drawnMax, ids.length);
    for (const id of ids) seen.add(id);
    bottom = await page.evaluate(async () => {
      const frame = () => new Promise(requestAnimationFrame);
      window.scrollBy(0, window.innerHeight * 0.8);
      const list = document.querySelector("[data-row]").parentElement.parentElement;
      // Drawn is what is in view, from its first row to its last.
      const covered = () => {
        const boxes = [...list.querySelectorAll("[data-row]")].map((row) => row.getBoundingClientRect());
        const { top, bottom } = list.getBoundingClientRect();
        return (
          Math.min(...boxes.map((box) => box.top)) <= Math.max(0, top) + 1 &&
          Math.max(...boxes.map((box) => box.bottom)) >= Math.min(window.innerHeight, bottom) - 1
        );
      };
      do await frame();
      while (!covered());
      return window.scrollY + window.innerHeight >= document.documentElement.scrollHeight - 1;
    });
    // More is on its way as long as a row's place is held.
    if (bottom && (await page.locator("[data-more]").count()) > 0) {
      const height = await page.evaluate(() => document.documentElement.scrollHeight);
      await page.waitForFunction(
        // It may have come before its height was taken: then this is the bottom no longer.
        (before) => {
          const { scrollHeight } = document.documentElement;
          const isBottom = window.scrollY + window.innerHeight >= scrollHeight - 1;
          return scrollHeight !== before || !isBottom || !document.querySelector("[data-more]");
        },
        height,
      );
      bottom = false;
    }
  }
  for (const id of await idsDrawn(page)) seen.add(id);
  return { seen, drawnMax };
}
