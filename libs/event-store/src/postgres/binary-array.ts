/**
 * Arrays in PostgreSQL's binary form, as parameters: nothing is quoted on this side or unquoted on the other, and a text of JSON goes as it
 * is. One dimension: int32 dimensions, has-null flag, element type, length, lower bound 1; then each element with its length (-1: null).
 */
const OID = { bool: 16, int8: 20, int4: 23, text: 25, json: 114, date: 1082, timestamptz: 1184, uuid: 2950 } as const;
const HEADER = 20;
const EPOCH_2000_MS = 946_684_800_000;
const DAY_MS = 86_400_000;

type Texts = readonly (string | null)[];
type Numbers = readonly (number | null)[];

export const textArray = (values: Texts): Buffer => variable(OID.text, values);
export const jsonArray = (values: Texts): Buffer => variable(OID.json, values);
export const intArray = (values: Numbers): Buffer => fixed(OID.int4, 4, values, (value, into, at) => into.writeInt32BE(value, at));
export const bigintArray = (values: Numbers): Buffer => fixed(OID.int8, 8, values, writeBigint);
export const uuidArray = (values: Texts): Buffer => fixed(OID.uuid, 16, values, (value, into, at) => into.write(value.replaceAll('-', ''), at, 'hex'));

/** Milliseconds since 1970. */
export const timestampArray = (values: Numbers): Buffer =>
  fixed(OID.timestamptz, 8, values, (value, into, at) => writeBigint((value - EPOCH_2000_MS) * 1000, into, at));

/** `YYYY-MM-DD`. */
export const dateArray = (values: Texts): Buffer =>
  fixed(OID.date, 4, values, (value, into, at) => into.writeInt32BE((Date.parse(value) - EPOCH_2000_MS) / DAY_MS, at));

function variable(oid: number, values: Texts): Buffer {
  let size = HEADER;
  for (const value of values) size += 4 + (value === null ? 0 : Buffer.byteLength(value));
  const into = header(oid, values, size);
  let at = HEADER;
  for (const value of values) {
    const length = value === null ? 0 : into.write(value, at + 4);
    into.writeInt32BE(value === null ? -1 : length, at);
    at += 4 + length;
  }
  return into;
}

function fixed<T>(oid: number, width: number, values: readonly (T | null)[], write: (value: T, into: Buffer, at: number) => void): Buffer {
  const nulls = values.reduce((count, value) => count + (value === null ? 1 : 0), 0);
  const into = header(oid, values, HEADER + values.length * (4 + width) - nulls * width);
  let at = HEADER;
  for (const value of values) {
    into.writeInt32BE(value === null ? -1 : width, at);
    if (value !== null) write(value, into, at + 4);
    at += value === null ? 4 : 4 + width;
  }
  return into;
}

/** A safe integer in two halves: several times as fast as by way of a BigInt. */
function writeBigint(value: number, into: Buffer, at: number): void {
  into.writeInt32BE(Math.floor(value / 2 ** 32), at);
  into.writeUInt32BE(value % 2 ** 32 + (value < 0 && value % 2 ** 32 !== 0 ? 2 ** 32 : 0), at + 4);
}

function header(oid: number, values: readonly unknown[], size: number): Buffer {
  const into = Buffer.allocUnsafe(values.length === 0 ? 12 : size);
  into.writeInt32BE(values.length === 0 ? 0 : 1, 0);
  into.writeInt32BE(values.includes(null) ? 1 : 0, 4);
  into.writeInt32BE(oid, 8);
  if (values.length === 0) return into;
  into.writeInt32BE(values.length, 12);
  into.writeInt32BE(1, 16);
  return into;
}
