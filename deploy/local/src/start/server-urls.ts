import { StartError } from './start-error.ts';

/** For a list of addresses, each of them. */
export function withoutPassword(url: string): string {
  return eachUrl(url, (parsed) => {
    if (parsed.password !== '') parsed.password = '***';
  });
}

/** @throws StartError naming the variable where an address of its list is no URL. */
export function requireUrls(variable: string, urls: string, example: string): void {
  if (!urls.split(',').every((text) => URL.canParse(text.trim()))) throw new StartError(`${variable} is no URL`, `write ${example}`);
}

/** Changes each address of a list, as `NATS_URL` may be one. */
export function eachUrl(urls: string, change: (url: URL) => void): string {
  return urls.split(',').map((text) => {
    const url = new URL(text.trim());
    change(url);
    return url.href;
  }).join(',');
}
