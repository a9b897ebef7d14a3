const BACKSLASH = 0x5c;

/** Behind the closing quote of the JSON string that opens at `quote`; the end of the text where it is not closed. */
export function endOfJsonString(text: string, quote: number): number {
  for (let close = text.indexOf('"', quote + 1); close !== -1; close = text.indexOf('"', close + 1)) {
    if (!isEscaped(text, close)) return close + 1;
  }
  return text.length;
}

function isEscaped(text: string, at: number): boolean {
  let before = at - 1;
  while (text.charCodeAt(before) === BACKSLASH) before -= 1;
  return (at - before) % 2 === 0;
}
