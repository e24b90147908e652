import { unreachable } from '../../compiler/unreachable.ts';

/** A complete answer to an HTTP request. */
export interface HttpAnswer {
  readonly status: number;
  /** By name in lower case; what was sent several times is joined by `, `. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** What came is not HTTP. The code begins as those of Node's own parser do. */
export class NotHttp extends Error {
  override readonly name = 'NotHttp';
  readonly code = 'HPE_NOT_HTTP';
}

/** More than any head that an engine sends. */
const LONGEST_HEAD = 64 * 1024;
/** A chunk's size in hexadecimal, and extensions that nobody sends. */
const LONGEST_SIZE_LINE = 1024;

/** The requests whose answers it reads. */
export type ReadMethod = 'GET' | 'HEAD';

interface Head {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

type Expected =
  | { readonly kind: 'head' }
  /** So many bytes, then the end. */
  | { readonly kind: 'bytes'; left: number }
  /** So many bytes and a line end, then the next chunk's size. */
  | { readonly kind: 'chunk'; left: number }
  | { readonly kind: 'chunk-size' }
  | { readonly kind: 'trailer' }
  /** Everything until the connection ends. */
  | { readonly kind: 'rest' }
  | { readonly kind: 'nothing' };

/**
 * Puts an answer of HTTP/1.1 together from the pieces in which it comes, in time that is linear in its length. The
 * part of RFC 9112 that a client needs which sends one request at a time, GET or HEAD.
 */
export class AnswerReader {
  readonly #method: ReadMethod;
  #expected: Expected = { kind: 'head' };
  /** Came, and not looked at yet. */
  #bytes: Buffer = Buffer.alloc(0);
  readonly #body: Buffer[] = [];
  #head: Head | null = null;

  constructor(method: ReadMethod = 'GET') {
    this.#method = method;
  }

  /** Whether the head has come. */
  get hasHead(): boolean {
    return this.#head !== null;
  }

  /** The answer once it is complete, else null. Throws {@link NotHttp}. */
  feed(bytes: Buffer): HttpAnswer | null {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    while (this.#step());
    return this.#expected.kind === 'nothing' ? this.#answer() : null;
  }

  /** The connection has ended: the answer when that makes it complete, else null. */
  end(): HttpAnswer | null {
    return this.#expected.kind === 'rest' ? this.#answer() : null;
  }

  /** What has come behind the answer: the beginning of the next. */
  get rest(): Buffer {
    return this.#bytes;
  }

  /** Whether another answer can follow on the same connection. */
  get canFollow(): boolean {
    return this.#expected.kind === 'nothing' && this.#head?.headers['connection']?.toLowerCase() !== 'close';
  }

  #answer(): HttpAnswer | null {
    return this.#head === null ? null : { ...this.#head, body: Buffer.concat(this.#body).toString('utf8') };
  }

  /** Reads one element; false when more bytes are needed for it. */
  #step(): boolean {
    const expected = this.#expected;
    switch (expected.kind) {
      case 'head':
        return this.#readHead();
      case 'bytes':
        if (!this.#take(expected)) return false;
        this.#expected = { kind: 'nothing' };
        return true;
      case 'chunk': {
        if (!this.#take(expected)) return false;
        const end = this.#line(LONGEST_SIZE_LINE);
        if (end === null) return false;
        if (end !== '') throw new NotHttp('a chunk is longer than it says');
        this.#expected = { kind: 'chunk-size' };
        return true;
      }
      case 'chunk-size': {
        const line = this.#line(LONGEST_SIZE_LINE);
        if (line === null) return false;
        const size = /^([\da-f]{1,12})[\t ]*(?:;|$)/i.exec(line)?.[1];
        if (size === undefined) throw new NotHttp('a chunk has no size');
        const left = Number.parseInt(size, 16);
        this.#expected = left === 0 ? { kind: 'trailer' } : { kind: 'chunk', left };
        return true;
      }
      case 'trailer': {
        const line = this.#line(LONGEST_HEAD);
        if (line === '') this.#expected = { kind: 'nothing' };
        return line !== null;
      }
      case 'rest':
        if (this.#bytes.length > 0) this.#body.push(this.#bytes);
        this.#bytes = Buffer.alloc(0);
        return false;
      case 'nothing':
        return false;
      default:
        return unreachable(expected);
    }
  }

  #readHead(): boolean {
    const start = this.#bytes.toString('latin1', 0, Math.min(this.#bytes.length, 5));
    if (!'HTTP/'.startsWith(start)) throw new NotHttp('it does not begin as HTTP does');
    const end = this.#bytes.indexOf('\r\n\r\n');
    if (end === -1) {
      if (this.#bytes.length > LONGEST_HEAD) throw new NotHttp('its head does not end');
      return false;
    }
    const head = parseHead(this.#bytes.toString('latin1', 0, end));
    this.#bytes = this.#bytes.subarray(end + 4);
    // 1xx: the answer itself is still to come.
    if (head.status >= 200) {
      this.#head = head;
      // What a HEAD is answered with tells the length of a body that does not come.
      this.#expected = this.#method === 'HEAD' ? { kind: 'nothing' } : bodyOf(head);
    }
    return true;
  }

  /** Moves what has come of a body; false while bytes of it are missing. */
  #take(expected: { left: number }): boolean {
    const piece = this.#bytes.subarray(0, expected.left);
    if (piece.length > 0) this.#body.push(piece);
    this.#bytes = this.#bytes.subarray(piece.length);
    expected.left -= piece.length;
    return expected.left === 0;
  }

  #line(longest: number): string | null {
    const end = this.#bytes.indexOf('\r\n');
    if (end === -1) {
      if (this.#bytes.length > longest) throw new NotHttp('a line does not end');
      return null;
    }
    const line = this.#bytes.toString('latin1', 0, end);
    this.#bytes = this.#bytes.subarray(end + 2);
    return line;
  }
}

function parseHead(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1];
  if (status === undefined) throw new NotHttp('its first line has no status');
  const headers: Record<string, string> = Object.create(null);
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) throw new NotHttp('a header has no name');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  return { status: Number(status), headers };
}

function bodyOf({ status, headers }: Head): Expected {
  if (status === 204 || status === 304) return { kind: 'nothing' };
  const coding = headers['transfer-encoding'];
  if (coding !== undefined) {
    if (coding.toLowerCase() !== 'chunked') throw new NotHttp('its transfer coding is none of ours');
    return { kind: 'chunk-size' };
  }
  const length = headers['content-length'];
  if (length === undefined) return { kind: 'rest' };
  if (!/^\d{1,15}$/.test(length)) throw new NotHttp('its length is no number');
  return { kind: 'bytes', left: Number(length) };
}
