/** The browser as the core sees it: a page, or a worker. */
import type { Dsn } from '../core/dsn.js';
import { ANSWER_BYTES_MAX, type Platform, type Reply } from '../core/platform.js';
import { cleanUrl } from '../core/url.js';
import type { WireClient } from '../core/wire.js';

/** An answer later than this counts as none. */
const REQUEST_MS_MAX = 15_000;
/** Browsers allow 64 KiB in flight for requests that outlive the page. */
export const OUTLIVE_BYTES_MAX = 60 * 1_024;
/** Smaller bodies are not worth compressing. */
const GZIP_CHARS_MIN = 1_024;

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
    bytesOf: (text) => new TextEncoder().encode(text).length,
    newId,
    setTimer(callback, delayMs) {
      const timer = setTimeout(callback, Math.min(delayMs, 2 ** 31 - 1));
      return () => { clearTimeout(timer); };
    },
    send: (body, failures) => post(send, url, body, failures),
    describe(event) {
      event.client = clientOfPage();
    },
    locate: locator(),
    warn(message) {
      warn(`[errata] ${message}`);
    },
  };
}

async function post(send: typeof fetch, url: string, text: string, failures: number): Promise<Reply> {
  const body = await compress(text);
  const bytes = typeof body === 'string' ? body.length * 3 : body.byteLength;
  const response = await send(url, {
    method: 'POST',
    body,
    // No Content-Encoding, which would need a preflight: the server knows gzip by its first bytes.
    headers: { 'Content-Type': 'text/plain' },
    credentials: 'omit',
    redirect: 'manual',
    // A first try may outlive the page; where a browser refuses that, the next try does without.
    keepalive: !failures && bytes <= OUTLIVE_BYTES_MAX,
    signal: AbortSignal.timeout(REQUEST_MS_MAX),
  });
  return {
    // A redirect shows neither its status nor its target.
    status: response.type === 'opaqueredirect' ? 300 : response.status,
    // Seconds; a date is left to our own back-off.
    retryAfterMs: Number(response.headers.get('Retry-After') ?? NaN) * 1_000,
    body: await read(response),
  };
}

/** The answer, as far as any of ours would go. */
async function read(response: Response): Promise<string> {
  // Without a body, or by a polyfill of fetch.
  if (!response.body) return response.text();
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (let left = ANSWER_BYTES_MAX; ; ) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += decoder.decode(value, { stream: true });
    if ((left -= value.length) < 0) {
      reader.cancel().catch(() => undefined);
      return text;
    }
  }
}

async function compress(text: string): Promise<string | ArrayBuffer> {
  if (text.length < GZIP_CHARS_MIN || typeof CompressionStream !== 'function') return text;
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
  const client: WireClient = { url: cleanUrl(location.href), user_agent: navigator.userAgent, language: navigator.language };
  // Workers have none.
  if (screen) client.resolution = `${screen.width}x${screen.height}`;
  return client;
}

/** The path without origin and query, so that a host or a cache buster does not make a new file. */
function locator(): Platform['locate'] {
  // Frames beside each other are mostly of one file.
  let known = '';
  let place = { filename: '', absPath: '' };
  return (path) => {
    if (path !== known) {
      const match = /^[a-z][\w+.-]*:\/\/[^/]*(\/[^?#]*)/i.exec(path);
      known = path;
      place = { filename: match?.[1] ?? cleanUrl(path), absPath: cleanUrl(path) };
    }
    return place;
  };
}
