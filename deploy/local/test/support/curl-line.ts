/**
 * Does what a printed curl line says (bare machines have no curl): address, `-X` method, `-H` headers and a `-d` body, quoted singly or not at all.
 * @returns the body of the answer.
 */
export async function runCurlLine(line: string): Promise<string> {
  const [program, ...words] = Array.from(line.matchAll(/'([^']*)'|(\S+)/g), ([, quoted, plain]) => quoted ?? plain ?? '');
  if (program !== 'curl') throw new Error(`not a curl line: ${line}`);
  const headers = new Headers();
  let [address, body, method]: (string | undefined)[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    if (word === '-H') {
      const [name = '', value = ''] = (words[at += 1] ?? '').split(': ');
      headers.set(name, value);
    } else if (word === '-d') {
      body = words[at += 1];
    } else if (word === '-X') {
      method = words[at += 1];
    } else if (!word.startsWith('-')) {
      address = word;
    }
  }
  const answer = await fetch(address ?? '', { headers, ...(body === undefined ? {} : { method: method ?? 'POST', body }) });
  return await answer.text();
}
