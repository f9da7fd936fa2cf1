import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const read = (path: string): string => readFileSync(join(import.meta.dirname, path), 'utf8');

type Fields = Record<string, string>;

/** TypeScript's type for a field of the .proto, as wire.ts writes it. */
function toTs(type: string, repeated: boolean): string {
  const scalars: Fields = {
    string: 'string',
    bool: 'boolean',
    uint32: 'number',
    Level: 'Level',
    'map<string, string>': 'Record<string, string>',
    'google.protobuf.Struct': 'JsonObject',
    'google.protobuf.Timestamp': 'string',
  };
  return (scalars[type] ?? `Wire${type}`) + (repeated ? '[]' : '');
}

function messagesOfProto(text: string): Record<string, Fields> {
  const found: Record<string, Fields> = {};
  for (const [, name = '', body = ''] of text.matchAll(/^message (\w+) \{\n(.*?)^\}/gms)) {
    const fields: Fields = {};
    const lines = body.matchAll(/^\s+(repeated |optional )?([\w.]+(?:<[^>]*>)?) (\w+) = \d+;/gm);
    for (const [, label, type = '', field = ''] of lines) fields[field] = toTs(type, label === 'repeated ');
    found[`Wire${name}`] = fields;
  }
  return found;
}

function interfacesOfTs(text: string): Record<string, Fields> {
  const found: Record<string, Fields> = {};
  for (const [, name = '', body = ''] of text.matchAll(/^export interface (Wire\w+) \{\n(.*?)^\}/gms)) {
    const fields: Fields = {};
    for (const [, field = '', type = ''] of body.matchAll(/^\s+(\w+)\?: (.*);$/gm)) fields[field] = type;
    found[name] = fields;
  }
  return found;
}

test('the wire types have exactly the messages and fields of event.proto, and of the drops of a batch', () => {
  const proto = messagesOfProto(read('../../proto/errata/v1/event.proto'));
  const ofBatch = messagesOfProto(read('../../proto/errata/v1/ingest.proto'));
  proto['WireDiscardedEvents'] = ofBatch['WireDiscardedEvents']!;
  expect(Object.keys(proto)).toContain('WireEvent');
  expect(Object.keys(proto['WireFrame']!)).toContain('lineno');
  expect(interfacesOfTs(read('../src/core/wire.ts'))).toEqual(proto);
});

test('the levels are those of event.proto, in lower case', () => {
  const proto = [...read('../../proto/errata/v1/event.proto').matchAll(/LEVEL_(\w+) = [1-9]/g)];
  const line = /export type Level = (.*);/.exec(read('../src/core/wire.ts'))?.[1];
  expect(line).toBe(proto.map(([, name]) => `'${name!.toLowerCase()}'`).join(' | '));
});
