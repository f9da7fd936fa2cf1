// What axe finds on a page as it is, in lines.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = {
  runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] },
  rules: { "label-content-name-mismatch": { enabled: true } },
};

export async function faults(page) {
  await page.evaluate((source) => window.axe || (0, eval)(source), axe);
  return page.evaluate(async (rules) => {
    // A colour half-way through a transition is nobody's.
    await Promise.all(document.getAnimations().map((each) => each.finished.catch(() => undefined)));
    const { violations } = await window.axe.run(document, rules);
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(
        (node) =>
          `${id}: ${node.html.slice(0, 160)} (${node.failureSummary?.split("\n")[1]?.trim().slice(0, 160) ?? ""})`,
      ),
    );
  }, RULES);
}
