// Releases where there is little room: what tells them apart stays.

const HASH = /^[0-9a-f]{12,}$/i;
const HASH_SHOWN = 8;
const SHOWN_MAX = 22;

/** "shop@4.21.0" in the project "shop" → "4.21.0"; a long hash → its beginning; else cut in the middle, since versions differ at their end. */
export function shortRelease(release: string, projectName = ""): string {
  const prefix = `${projectName.toLowerCase()}@`;
  const own = projectName !== "" && release.toLowerCase().startsWith(prefix) ? release.slice(prefix.length) : release;
  const at = own.lastIndexOf("@") + 1;
  const version = HASH.test(own.slice(at)) ? own.slice(0, at) + own.slice(at, at + HASH_SHOWN) : own;
  if (version.length <= SHOWN_MAX) return version;
  const tail = Math.ceil((SHOWN_MAX - 1) * 0.6);
  return `${version.slice(0, SHOWN_MAX - 1 - tail)}…${version.slice(-tail)}`;
}
