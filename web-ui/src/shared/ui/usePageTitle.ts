// What the browser's tab says: what is shown, then where, then whose it is.
import { useEffect } from "react";

const NAME = "Errata";

/** `parts`, most particular first; what is empty or not known yet is left out. */
export const pageTitle = (...parts: (string | false | undefined)[]): string =>
  [...parts.filter(Boolean), NAME].join(" · ");

/** Titles the tab while the page is shown. */
export function usePageTitle(...parts: (string | false | undefined)[]): void {
  const title = pageTitle(...parts);
  useEffect(() => {
    document.title = title;
  }, [title]);
}
