import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  /** Head of the answer: status line and headers. */
  readonly head: string;
  readonly body: string;
}

const END_OF_HEAD = '\r\n\r\n';

/**
 * A kept-alive HTTP/1.1 connection with one request at a time, for servers that declare their answers' lengths. It does next to nothing else:
 * a load generator shares the processor with what it measures, and a full client takes as long for a request as a fast server.
 */
export class HttpConnection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #waiting: { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void } | null = null;
  #failure: Error | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (data: Buffer) => this.#receive(data));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  static async open(address: string): Promise<HttpConnection> {
    const { hostname, port } = new URL(address);
    return await new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port) }, () => {
        socket.off('error', reject);
        resolve(new HttpConnection(socket));
      });
      socket.once('error', reject);
    });
  }

  get isOpen(): boolean {
    return this.#failure === null;
  }

  /** `bytes`: the whole request, in ASCII. @throws Error when the connection breaks. */
  async send(bytes: string): Promise<Answer> {
    return await new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure);
      if (this.#waiting !== null) return reject(new Error('one request at a time'));
      this.#waiting = { resolve, reject };
      this.#socket.write(bytes, 'latin1');
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(data: Buffer): void {
    this.#received = this.#received.length === 0 ? data : Buffer.concat([this.#received, data]);
    const headEnd = this.#received.indexOf(END_OF_HEAD);
    if (headEnd === -1) return;
    const head = this.#received.toString('latin1', 0, headEnd);
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
    if (length === undefined) return this.#fail(new Error(`an answer without a length: ${head}`));
    const bodyStart = headEnd + END_OF_HEAD.length;
    if (this.#received.length < bodyStart + Number(length)) return;
    const answer = { status: Number(head.slice(9, 12)), head, body: this.#received.toString('utf8', bodyStart, bodyStart + Number(length)) };
    this.#received = this.#received.subarray(bodyStart + Number(length));
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve(answer);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#waiting?.reject(error);
    this.#waiting = null;
    this.#socket.destroy();
  }
}
