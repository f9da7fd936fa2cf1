// Fails when src/gen is not what the .proto files generate today.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = new URL("..", import.meta.url).pathname;
const fresh = mkdtempSync(join(tmpdir(), "errata-gen-"));

const files = (dir) =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
    .sort();

try {
  execFileSync("buf", ["generate", "--output", fresh], { cwd: root, stdio: "inherit" });
  const [old, now] = [join(root, "src/gen"), join(fresh, "src/gen")];
  const names = new Set([...files(old), ...files(now)]);
  const stale = [...names].filter((name) => {
    try {
      return readFileSync(join(old, name), "utf8") !== readFileSync(join(now, name), "utf8");
    } catch {
      return true;
    }
  });
  if (stale.length > 0) {
    console.error(`src/gen is not current, run "npm run gen": ${stale.join(", ")}`);
    process.exitCode = 1;
  } else {
    console.log(`src/gen is current (${names.size} files)`);
  }
} finally {
  rmSync(fresh, { recursive: true });
}
