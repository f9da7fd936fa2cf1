import { toText } from './safe.js';

/** The DSN: `http(s)://PUBLICKEY@host[:port][/prefix]/PROJECTID`. */
export interface Dsn {
  /** May only write; it is meant to be seen. */
  publicKey: string;
  /** Where batches go, without a key. */
  batchUrl: string;
}

const DSN_CHARS_MAX = 1_000;
const FORM = /^(https?:\/\/)([^:@/\s?#]+)@([^@/\s?#][^@\s?#]*)\/[^/\s?#]+\/?$/;

/** The parts of a DSN. Throws a sentence that says what is wrong: it is printed, without a stack. */
export function parseDsn(dsn: unknown): Dsn {
  const match = FORM.exec(toText(dsn, DSN_CHARS_MAX).trim());
  // The value is not repeated: it may be a pasted secret.
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- see above
  if (!match) throw 'the DSN is not http(s)://KEY@host/PROJECT';
  const [, scheme = '', publicKey = '', host = ''] = match;
  return { publicKey, batchUrl: `${scheme}${host}/api/errors/batch` };
}
