/** JSON as text. Documents of the read database are put into answers as they are: no digit is lost and nothing is parsed. */
export type JsonText = string;

export function jsonText(value: string | number | boolean | null | readonly unknown[]): JsonText {
  return JSON.stringify(value);
}

export function timeText(value: Date | null): JsonText {
  return value === null ? 'null' : `"${value.toISOString()}"`;
}

/** An object from members that are JSON text already; `undefined` members are left out. */
export function objectText(members: Readonly<Record<string, JsonText | undefined>>): JsonText {
  const parts: string[] = [];
  for (const [name, text] of Object.entries(members)) if (text !== undefined) parts.push(`${JSON.stringify(name)}:${text}`);
  return `{${parts.join(',')}}`;
}
