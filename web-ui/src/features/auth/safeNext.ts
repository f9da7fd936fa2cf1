/** Where to go after sign-in: a path of this site, never another one. */
export function safeNext(next: string | null): string {
  const fallback = "/issues";
  if (!next?.startsWith("/")) return fallback;
  try {
    // "//host" and "/\host" begin with a slash too and lead away; so does what is left
    // of "/.//host" once its dot is resolved.
    const base = "https://errata.invalid";
    const url = new URL(next, base);
    if (url.origin !== base || url.pathname.startsWith("//") || url.pathname.startsWith("/sign-in")) return fallback;
    return url.pathname + url.search + url.hash;
  } catch {
    return fallback;
  }
}
