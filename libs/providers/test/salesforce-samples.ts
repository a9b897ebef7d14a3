import { parseExact, stringifyExact } from '@clientele/contracts';
import { isJsonObject, type Json } from '@clientele/domain';
import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('../../test/samples/salesforce/', import.meta.url);
export const RELAY_SOURCE = 'aws.partner/salesforce.com/00D5f000005KcCnEAK/0YL5f000000CabWGAS';
export const SOURCE = 'salesforce:00D5f000005KcCnEAK';

export function sampleNames(prefix = ''): string[] {
  return readdirSync(FOLDER).filter((name) => name.startsWith(prefix)).sort();
}

export function sampleText(name: string): string {
  return readFileSync(new URL(name, FOLDER), 'utf8');
}

/** The envelopes of a sample file, each as the body of a request; a payload without an envelope gets a relay's around it. */
export function sampleBodies(name: string): string[] {
  const text = sampleText(name);
  const value = parseExact(text);
  if (Array.isArray(value)) return value.map((envelope: Json) => stringifyExact(envelope));
  if (isJsonObject(value) && !('detail' in value)) return [relay(text)];
  return [text];
}

/** A minimal relay envelope around the text of a payload. */
export function relay(payload: string, source = RELAY_SOURCE): string {
  return `{"version":"0","id":"5c420001-e005-43b3-c744-07990c50d2cc","detail-type":"ChangeEvent","source":"${source}","detail":{"payload":${payload}}}`;
}

export function appFlow(payload: string): string {
  return `{"version":"0","source":"aws.partner/appflow/salesforce.com/123456789012/accounts","detail":${payload}}`;
}

export interface PayloadOptions {
  readonly header?: Readonly<Record<string, unknown>>;
  /** Header members to leave out. */
  readonly without?: readonly string[];
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** The text of a payload: an update of one account, with what a test wants otherwise. */
export function payload({ header = {}, without = [], fields = { Rating: 'Hot' } }: PayloadOptions = {}): string {
  const whole: Record<string, unknown> = {
    entityName: 'Account',
    recordIds: ['0015f00002JUZPDAA5'],
    changeType: 'UPDATE',
    changeOrigin: '',
    transactionKey: '00007e6d-5b60-a4e4-87b3-3820b8916f75',
    sequenceNumber: 1,
    commitTimestamp: 1778193544000,
    commitNumber: parseExact('1778193547716501506'),
    commitUser: '0055f000005mc66AAA',
    changedFields: Object.keys(fields),
    ...header,
  };
  for (const name of without) delete whole[name];
  return stringifyExact({ ...fields, ChangeEventHeader: whole });
}

export function bytes(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}
