/** The browser as the core sees it: a page, or a worker. */
import type { Dsn } from '../core/dsn.js';
import { ANSWER_BYTES_MAX, type Platform, type Reply } from '../core/platform.js';
import type { Locate } from '../core/stack.js';
import { cleanUrl } from '../core/url.js';
import type { WireClient } from '../core/wire.js';

/** An answer later than this counts as none. */
const REQUEST_MS_MAX = 15_000;
/** Browsers allow 64 KiB in flight for requests that outlive the page. */
export const OUTLIVE_BYTES_MAX = 60 * 1_024;
/** Smaller bodies are not worth compressing. */
const GZIP_CHARS_MIN = 1_024;

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
export const elapsed = (): number => performance.now();

/** The key in the URL and a plain text body need no CORS preflight. */
export function batchUrl(dsn: Dsn): string {
  return `${dsn.batchUrl}?key=${encodeURIComponent(dsn.publicKey)}`;
}

export function browserPlatform(url: string): Platform {
  // Taken before our own breadcrumbs wrap them.
  const send = self.fetch?.bind(self);
  const warn = console.warn.bind(console);
  return {
    name: 'javascript',
    now: () => Date.now(),
    elapsed,
    random: () => Math.random(),
    bytesOf: (text) => encode(text).length,
    newId,
    setTimer(callback, delayMs) {
      const timer = setTimeout(callback, Math.min(delayMs, 2 ** 31 - 1));
      return () => {
        clearTimeout(timer);
      };
    },
    send: (body, failures) => post(send, url, body, failures),
    describe(event) {
      event.client = clientOfPage();
    },
    locate,
    warn(message) {
      warn(`[errata] ${message}`);
    },
  };
}

async function post(send: typeof fetch, url: string, text: string, failures: number): Promise<Reply> {
  const body = await compress(text);
  const response = await send(url, {
    method: 'POST',
    body,
    // No Content-Encoding, which would need a preflight: the server knows gzip by its first bytes.
    headers: { 'Content-Type': 'text/plain' },
    credentials: 'omit',
    redirect: 'manual',
    // A first try may outlive the page; where a browser refuses that, the next try does without.
    keepalive: !failures && body.byteLength <= OUTLIVE_BYTES_MAX,
    signal: AbortSignal.timeout(REQUEST_MS_MAX),
  });
  return {
    // A redirect shows neither its status nor its target.
    status: response.type === 'opaqueredirect' ? 300 : response.status,
    // Seconds; a date is left to our own back-off.
    retryAfterMs: Number(response.headers.get('Retry-After')) * 1_000,
    body: await read(response),
  };
}

/** The answer, as far as any of ours would go. */
function read(response: Response): Promise<string> {
  let left = ANSWER_BYTES_MAX;
  const limit = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, to) {
      left -= chunk.length;
      if (left < 0) to.terminate();
      else to.enqueue(chunk);
    },
  });
  // Without a body, or by a polyfill of fetch.
  return (response.body ? new Response(response.body.pipeThrough(limit)) : response).text();
}

async function compress(text: string): Promise<ArrayBuffer> {
  if (text.length < GZIP_CHARS_MIN || typeof CompressionStream !== 'function') return encode(text).buffer;
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Response(stream).arrayBuffer();
}

function newId(): string {
  // Not randomUUID: pages without TLS do not have it.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function clientOfPage(): WireClient {
  const { location, navigator, screen } = self as Window & { screen?: Screen };
  return {
    url: cleanUrl(location.href),
    user_agent: navigator.userAgent,
    language: navigator.language,
    // Workers have none; what is undefined is not sent.
    resolution: screen && `${screen.width}x${screen.height}`,
  };
}

/** The path without origin and query, so that a host or a cache buster does not make a new file. */
const locate: Locate = (path) => {
  const abs_path = cleanUrl(path);
  return { filename: /^[a-z][\w+.-]*:\/\/[^/]*(\/[^?#]*)/i.exec(path)?.[1] ?? abs_path, abs_path };
};
