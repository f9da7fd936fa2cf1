/** The browser as the core sees it. */
import type { Dsn } from '../core/dsn.js';
import { cut } from '../core/safe.js';
import type { Platform, Reply } from '../core/platform.js';
import type { WireClient } from '../core/wire.js';

/** An answer later than this counts as none. */
const REQUEST_MS_MAX = 15_000;
/** Browsers allow 64 KiB in flight for requests that outlive the page. */
export const OUTLIVE_BYTES_MAX = 60 * 1_024;
/** Smaller bodies are not worth compressing. */
const GZIP_CHARS_MIN = 1_024;

/** The key in the URL and a plain text body need no CORS preflight. */
export function batchUrl(dsn: Dsn): string {
  return `${dsn.batchUrl}?key=${encodeURIComponent(dsn.publicKey)}`;
}

export function browserPlatform(dsn: Dsn): Platform {
  // Taken before our own breadcrumbs wrap them.
  const send = window.fetch.bind(window);
  const warn = console.warn.bind(console);
  const url = batchUrl(dsn);
  return {
    name: 'javascript',
    now: () => Date.now(),
    random: () => Math.random(),
    newId,
    setTimer(callback, delayMs) {
      const timer = setTimeout(callback, Math.min(delayMs, 2 ** 31 - 1));
      return () => { clearTimeout(timer); };
    },
    send: (body, attempt) => post(send, url, body, attempt),
    describe(event) {
      event.client = { ...clientOfPage(), ...event.client };
    },
    locate,
    warn(message) {
      warn(`[errata] ${message}`);
    },
  };
}

async function post(send: typeof fetch, url: string, text: string, attempt: number): Promise<Reply> {
  const body = await compress(text);
  const bytes = typeof body === 'string' ? body.length * 3 : body.byteLength;
  const response = await send(url, {
    method: 'POST',
    body,
    // No Content-Encoding, which would need a preflight: the server knows gzip by its first bytes.
    headers: { 'Content-Type': 'text/plain' },
    credentials: 'omit',
    // A first try may outlive the page; where a browser refuses that, the next try does without.
    keepalive: attempt === 0 && bytes <= OUTLIVE_BYTES_MAX,
    signal: AbortSignal.timeout(REQUEST_MS_MAX),
  });
  return {
    status: response.status,
    retryAfter: response.headers.get('Retry-After'),
    body: await response.text(),
  };
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
  return {
    url: cut(location.href, 2_000),
    user_agent: navigator.userAgent,
    language: navigator.language,
    resolution: `${window.innerWidth}x${window.innerHeight}`,
  };
}

/** The path without origin and query, so that a host or a cache buster does not make a new file. */
function locate(path: string): { filename: string; absPath: string } {
  const match = /^[a-z][\w+.-]*:\/\/[^/]*(\/[^?#]*)/i.exec(path);
  return { filename: match?.[1] ?? path, absPath: path };
}
