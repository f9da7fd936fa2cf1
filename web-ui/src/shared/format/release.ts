// Releases where there is little room: what tells them apart stays.

const HASH = /^[0-9a-f]{12,}$/i;
const HASH_SHOWN = 8;
const SHOWN_MAX = 22;

/** "shop@4.21.0" in the project "shop" → "4.21.0"; a long hash → its beginning; else cut in the middle. */
export function shortRelease(release: string, projectName = ""): string {
  const prefix = `${projectName.toLowerCase()}@`;
  const own = projectName !== "" && release.toLowerCase().startsWith(prefix) ? release.slice(prefix.length) : release;
  const at = own.lastIndexOf("@") + 1;
  const version = HASH.test(own.slice(at)) ? own.slice(0, at) + own.slice(at, at + HASH_SHOWN) : own;
  return cutMiddle(version, SHOWN_MAX);
}

/** A text of at most so many characters: of a longer one the beginning and, since names differ there, more of the end. */
export function cutMiddle(text: string, max: number): string {
  const characters = Array.from(text);
  if (characters.length <= max) return text;
  const tail = Math.ceil((max - 1) * 0.6);
  return `${characters.slice(0, max - 1 - tail).join("")}…${characters.slice(-tail).join("")}`;
}
