/**
 * The one scrubber of URLs: of the page, of requests, of scripts. Secrets are in
 * queries, in fragments (`#id_token=…`), in path parameters and before the host.
 */
import { cut } from './safe.js';

const URL_CHARS_MAX = 2_000;
/** The server's word for what was taken out. */
const MASK = '[Filtered]';

/** Names stay, values go. Also takes what is no URL. */
export function cleanUrl(url: string): string {
  return (
    cut(url, URL_CHARS_MAX)
      .replace(/^([a-z][\w+.-]*:)?\/\/[^/?#]*@/i, '$1//')
      // The second: a word without a name, too long to be one itself.
      .replace(/([?#&;][^?#&;=]*=)[^#&;]+|([?#&;])[^?#&;=/]{20,}(?=$|[?#&;])/g, `$1$2${MASK}`)
  );
}
