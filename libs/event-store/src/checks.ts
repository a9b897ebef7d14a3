const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

// What PostgreSQL would refuse must be refused before it stands in one statement with the work of others.

/** @throws RangeError where the text holds a NUL, which PostgreSQL cannot store. */
export function storable(what: string, text: string): string {
  if (text.includes('\0')) throw new RangeError(`${what} holds a NUL character: ${JSON.stringify(text)}`);
  return text;
}

/** @throws RangeError where the text is not a UUID. */
export function uuid(what: string, text: string): string {
  if (!UUID.test(text)) throw new RangeError(`${what} is not a UUID: ${JSON.stringify(text)}`);
  return text;
}

/** @throws RangeError where the text is not a time; else milliseconds since 1970. */
export function moment(what: string, text: string): number {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new RangeError(`${what} is not a time: ${JSON.stringify(text)}`);
  return time;
}
