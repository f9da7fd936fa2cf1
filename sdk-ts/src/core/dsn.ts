/** The DSN: `http(s)://PUBLICKEY@host[:port][/prefix]/PROJECTID`. */
export interface Dsn {
  /** May only write; it is meant to be seen. */
  publicKey: string;
  projectId: string;
  /** Where batches go, without a key. */
  batchUrl: string;
}

const FORM = /^(https?):\/\/([^:@/\s?#]+)@([^@/\s?#]+)((?:\/[^/\s?#]+)*)\/([^/\s?#]+)\/?$/;

/** The parts of a DSN, or a sentence that says what is wrong. */
export function parseDsn(dsn: unknown): Dsn | string {
  if (typeof dsn !== 'string') return 'the DSN is not a string';
  const match = FORM.exec(dsn.trim());
  // The value is not repeated: it may be a pasted secret.
  if (!match) return 'the DSN does not have the form http(s)://PUBLICKEY@host[:port][/prefix]/PROJECTID';
  const [, scheme = '', publicKey = '', host = '', prefix = '', projectId = ''] = match;
  return { publicKey, projectId, batchUrl: `${scheme}://${host}${prefix}/api/errors/batch` };
}
