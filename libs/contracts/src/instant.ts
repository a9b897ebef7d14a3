const INSTANT = /^(\d{4})-(\d{2})-(\d{2})T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/** Whether the text is an RFC 3339 time that the calendar and the database know: `Date.parse` would take a 30 February for 1 March. */
export function isInstant(text: string): boolean {
  const [, year, month, day] = INSTANT.exec(text) ?? [];
  return year !== undefined && year !== '0000' && Number(day) <= daysOf(Number(year), Number(month)) && !Number.isNaN(Date.parse(text));
}

function daysOf(year: number, month: number): number {
  if (month !== 2) return [4, 6, 9, 11].includes(month) ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}
