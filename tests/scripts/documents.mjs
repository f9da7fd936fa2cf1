// Documents hold together: every relative link leads to a file or folder of the tree, and to a heading where it names
// one; decisions (docs/adr) are numbered without gaps, have their parts, and stand in the index under their titles.
//
//   node tests/scripts/documents.mjs             the tree
//   node tests/scripts/documents.mjs --named     also files of code that documents name: moves make them untrue
//   node tests/scripts/documents.mjs --self-test the rules themselves
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folders of what was built or installed. */
const SKIPPED = new Set(['.git', '.venv', 'artifacts', 'data', 'dist', 'node_modules', 'target']);
const ADR = 'docs/adr/';
const ADR_PARTS = ['Context', 'Decision', 'Consequences', 'What would change our mind'];

/** A document without its code: what looks like a link there is none. */
const withoutCode = (text) => text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/(`+)[^\n]*?\1/g, '``');

/** The anchors of a document's headings, as GitHub makes them. */
export function anchors(text) {
  const seen = new Map();
  const headings = text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm);
  return [...headings].map(([, heading]) => {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
}

/** Faults of a document's links. `read` answers a file's text, `true` for a folder or another file, `null` for none. */
export function linkFaults(name, text, read) {
  const faults = [];
  for (const [, target] of withoutCode(text).matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)) {
    if (/^[a-z][a-z0-9+.-]*:/i.test(target)) continue;
    const [file, anchor] = target.split('#');
    const where = file === '' ? name : path.posix.join(path.posix.dirname(name), decodeURIComponent(file));
    const found = where === name ? text : read(where);
    if (found === null) faults.push(`${name}: the link to ${target} leads nowhere`);
    else if (anchor !== undefined && (typeof found !== 'string' || !anchors(found).includes(anchor)))
      faults.push(`${name}: the link to ${target} names no heading there`);
  }
  return faults;
}

/** Examples of names, and files that are no part of the tree. */
const NO_FILES = new Set(['x.rs', 'mod.rs', 'errata.toml']);

/** Files of code that a document names and that are not there; a name may be the end of a path. */
export function namedFaults(name, text, files) {
  const named = text.matchAll(/`([\w./-]+\.(?:rs|ts|tsx|mjs|sh|py|proto|toml))`/g);
  return [...new Set([...named].map(([, file]) => file))]
    .filter((file) => !NO_FILES.has(file) && !files.some((known) => known === file || known.endsWith(`/${file}`)))
    .map((file) => `${name}: names ${file}, which is not there`);
}

/** Faults of the decisions: `files` are names and texts of docs/adr. */
export function decisionFaults(files) {
  const faults = [];
  const index = files['README.md'] ?? '';
  const names = Object.keys(files)
    .filter((name) => name !== 'README.md')
    .sort();
  names.forEach((name, at) => {
    const text = files[name];
    const number = String(at + 1).padStart(4, '0');
    if (!/^\d{4}-[a-z0-9-]+\.md$/.test(name)) faults.push(`${name}: is not called NNNN-kebab-title.md`);
    else if (!name.startsWith(number)) faults.push(`${name}: the next number is ${number}`);
    const title = /^# (\d+)\. (.+)\n/.exec(text);
    if (!title || Number(title[1]) !== at + 1) faults.push(`${name}: does not begin with "# ${at + 1}. " and a title`);
    if (!/^Status: (proposed|accepted|superseded by \[\d{4}\]\([^)]+\)), \d{4}-\d{2}$/m.test(text))
      faults.push(`${name}: no line "Status: accepted, YYYY-MM" (or proposed, or superseded by a link)`);
    const parts = [...text.matchAll(/^## (.+)$/gm)].map(([, part]) => part);
    if (parts.join() !== ADR_PARTS.join()) faults.push(`${name}: its parts are not ${ADR_PARTS.join(', ')}`);
    const rows = index.split(`](${name})`).length - 1;
    if (rows !== 1) faults.push(`README.md: names ${name} ${rows} times, not once`);
    else if (title && !index.includes(`[${title[2]}](${name})`))
      faults.push(`README.md: calls ${name} other than "${title[2]}"`);
  });
  return faults;
}

function selfTest() {
  const faults = [];
  let cases = 0;
  const expect = (what, found, part) => {
    cases += 1;
    const is = part === '' ? found.length === 0 : found.some((fault) => fault.includes(part));
    if (!is) faults.push(`${what}: expected "${part}", found ${JSON.stringify(found)}`);
  };
  const files = { 'a.md': '# A b, `c`\n## A b, `c`\n', 'docs/x.md': '# X\n', 'LICENSE': true };
  const read = (name) => files[name] ?? null;
  for (const [name, text, part] of [
    ['b.md', 'a [link](a.md) and [another](docs/x.md#x)', ''],
    ['docs/b.md', '[up](../a.md#a-b-c) [twice](../a.md#a-b-c-1) [licence](../LICENSE)', ''],
    ['b.md', '[web](https://example.com/none.md) [mail](mailto:a@b)', ''],
    ['b.md', '# Here\n[self](#here)', ''],
    ['b.md', '# Here\n[self](#there)', 'names no heading'],
    ['b.md', '[gone](c.md)', 'leads nowhere'],
    ['docs/b.md', '[not up](a.md)', 'leads nowhere'],
    ['b.md', '[heading](a.md#none)', 'names no heading'],
    ['b.md', '[of no document](LICENSE#none)', 'names no heading'],
    ['b.md', '![picture](none.png)', 'leads nowhere'],
    ['b.md', '`[code](c.md)`\n```\n[code](c.md)\n```\n', ''],
  ])
    expect(text, linkFaults(name, text, read), part);
  const code = ['log-core/src/mmap.rs', 'src/serve.rs'];
  expect('names', namedFaults('a.md', '`mmap.rs` `src/serve.rs` `log-core/src/mmap.rs` `x.rs` `lib`', code), '');
  expect('a part of a name', namedFaults('a.md', '`map.rs`', code), 'names map.rs');
  expect('another folder', namedFaults('a.md', '`event-log/src/mmap.rs`', code), 'names event-log/src/mmap.rs');
  const decision = (title) => `# ${title}\n\nStatus: accepted, 2026-11\n\n${ADR_PARTS.map((p) => `## ${p}\n\nx\n`).join('\n')}`;
  const sound = {
    '0001-a.md': decision('1. A'),
    '0002-b.md': decision('2. B').replace('accepted', 'superseded by [0001](0001-a.md)'),
    'README.md': '[A](0001-a.md)\n[B](0002-b.md)',
  };
  for (const [what, change, part] of [
    ['sound', {}, ''],
    ['a gap', { '0004-c.md': decision('3. C') }, 'the next number is 0003'],
    ['a title', { '0002-b.md': decision('3. B') }, 'does not begin'],
    ['a status', { '0002-b.md': decision('2. B').replace('accepted', 'done') }, 'Status'],
    ['a part', { '0002-b.md': decision('2. B').replace('## Context', '## Why') }, 'parts'],
    ['an index without it', { 'README.md': '[A](0001-a.md)' }, 'names 0002-b.md 0 times'],
    ['another title there', { 'README.md': '[A](0001-a.md)\n[C](0002-b.md)' }, 'other than "B"'],
    ['a name', { '0003_c.md': decision('3. C') }, 'is not called'],
  ])
    expect(what, decisionFaults({ ...sound, ...change }), part);
  return { faults, said: `documents: ${cases} cases` };
}

function tree(named) {
  process.chdir(path.join(path.dirname(fileURLToPath(import.meta.url)), '../..'));
  // Walked, not asked of git: a copy without its history is looked at alike.
  const files = new Set(
    readdirSync('.', { withFileTypes: true }).flatMap(function list(entry) {
      const name = path.posix.join(entry.parentPath, entry.name);
      if (!entry.isDirectory()) return [name];
      return SKIPPED.has(entry.name) ? [] : readdirSync(name, { withFileTypes: true }).flatMap(list);
    }),
  );
  const folders = new Set([...files].flatMap((name) => name.split('/').map((_, at, all) => all.slice(0, at).join('/'))));
  const read = (name) => {
    const clean = name.replace(/\/$/, '');
    if (files.has(clean)) return clean.endsWith('.md') ? readFileSync(clean, 'utf8') : true;
    return folders.has(clean) || clean === '.' ? true : null;
  };
  const documents = [...files].filter((name) => name.endsWith('.md') && !/(^|\/)(fixtures|corpus)\//.test(name));
  const decisions = documents.filter((name) => name.startsWith(ADR));
  return {
    faults: [
      ...documents.flatMap((name) => linkFaults(name, readFileSync(name, 'utf8'), read)),
      ...(named ? documents.flatMap((name) => namedFaults(name, readFileSync(name, 'utf8'), [...files])) : []),
      ...decisionFaults(Object.fromEntries(decisions.map((name) => [name.slice(ADR.length), readFileSync(name, 'utf8')]))),
    ],
    said: `${documents.length} documents, ${decisions.length - 1} decisions`,
  };
}

const { faults, said } = process.argv[2] === '--self-test' ? selfTest() : tree(process.argv[2] === '--named');
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exit(1);
console.log(said);
