/** The first line of a request. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
}

/** Bytes of a client, cut where a request begins (`head`), and in a session where a line ends (`line`). */
export interface Part {
  readonly bytes: Buffer;
  readonly head: RequestHead | null;
  readonly line: string | null;
}

const HEAD_END = '\r\n\r\n';

/** Cuts what a client of the engine says. After a request that takes the connection over everything is lines of a session. */
export class HttpRequests {
  #kept = Buffer.alloc(0);
  #isSession = false;
  /** Of a body; null: it is chunked. */
  #left: number | null = 0;

  *read(chunk: Buffer): Generator<Part> {
    this.#kept = Buffer.concat([this.#kept, chunk]);
    for (;;) {
      const part = this.#next();
      if (part === null) return;
      yield part;
    }
  }

  #next(): Part | null {
    if (this.#kept.length === 0) return null;
    if (this.#left === null) return this.#nextChunk();
    if (this.#left > 0) {
      const bytes = this.#take(Math.min(this.#left, this.#kept.length));
      this.#left -= bytes.length;
      return { bytes, head: null, line: null };
    }
    return this.#isSession ? this.#nextLine() : this.#nextHead();
  }

  #nextHead(): Part | null {
    const end = this.#kept.indexOf(HEAD_END);
    if (end < 0) return null;
    const bytes = this.#take(end + HEAD_END.length);
    const text = bytes.toString('latin1');
    const [method = '', path = ''] = text.split(' ');
    const length = /^content-length: *(\d+)/im.exec(text)?.[1] ?? '0';
    this.#left = /^transfer-encoding: *chunked/im.test(text) ? null : Number(length);
    this.#isSession = /^upgrade: *tcp/im.test(text);
    return { bytes, head: { method, path }, line: null };
  }

  #nextChunk(): Part | null {
    const end = this.#kept.indexOf('\r\n');
    if (end < 0) return null;
    const size = Number.parseInt(this.#kept.subarray(0, end).toString('latin1'), 16);
    const whole = end + 2 + size + 2;
    if (this.#kept.length < whole) return null;
    if (size === 0) this.#left = 0;
    return { bytes: this.#take(whole), head: null, line: null };
  }

  #nextLine(): Part | null {
    const end = this.#kept.indexOf('\n');
    if (end < 0) return null;
    const bytes = this.#take(end + 1);
    return { bytes, head: null, line: bytes.toString('utf8') };
  }

  #take(length: number): Buffer {
    const bytes = this.#kept.subarray(0, length);
    this.#kept = this.#kept.subarray(length);
    return bytes;
  }
}
