import { toText } from './safe.js';

/** The DSN: `http(s)://PUBLICKEY@host[:port][/prefix]/PROJECTID`. */
export interface Dsn {
  /** May only write; it is meant to be seen. */
  publicKey: string;
  /** Where batches go, without a key. */
  batchUrl: string;
}

const DSN_CHARS_MAX = 1_000;
const FORM = /^(https?:\/\/)([^:@/\s?#]+)@([^@/\s?#]+(?:\/[^/\s?#]+)*)\/[^/\s?#]+\/?$/;

/** The parts of a DSN, or a sentence that says what is wrong. */
export function parseDsn(dsn: unknown): Dsn | string {
  const match = FORM.exec(toText(dsn, DSN_CHARS_MAX).trim());
  // The value is not repeated: it may be a pasted secret.
  if (!match) return 'the DSN is not http(s)://PUBLICKEY@host[:port][/prefix]/PROJECTID';
  const [, scheme = '', publicKey = '', host = ''] = match;
  return { publicKey, batchUrl: `${scheme}${host}/api/errors/batch` };
}
