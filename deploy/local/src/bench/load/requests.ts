import type { Answer } from './http-connection.ts';

export function getRequest(path: string, key: string): string {
  return `GET ${path} HTTP/1.1\r\nhost: localhost\r\nx-api-key: ${key}\r\n\r\n`;
}

/** `body` in ASCII, so that its length in characters is its length in bytes. */
export function postRequest(path: string, key: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nhost: localhost\r\nx-api-key: ${key}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/** @throws Error that says what came instead: a figure of refusals would mean nothing. */
export function expectStatus(answer: Answer, status: number): Answer {
  if (answer.status === status) return answer;
  throw new Error(`${status} was expected, ${answer.status} came: ${answer.body.slice(0, 500)}`);
}
