import { connect, type Socket } from 'node:net';

import { AnswerReader, type HttpAnswer } from './answer-reader.ts';
import { CutOff, DeadlinePassed } from './engine-errors.ts';

/** An engine on the same machine has no latency to hide, and each connection has its price. */
const MOST_CONNECTIONS = 4;

interface Connection {
  readonly socket: Socket;
  /** What the connection does now; null while it is idle. */
  asking: Asking | null;
}

interface Wanted {
  readonly target: string;
  readonly limitMs: number | null;
  readonly settle: (outcome: HttpAnswer | Error) => void;
}

interface Asking extends Wanted {
  readonly reader: AnswerReader;
  readonly timer: NodeJS.Timeout | undefined;
}

/**
 * GET requests over a unix socket, with one request at a time on each of a few connections, which are kept.
 *
 * Node's own client could do it, too. But to load it and run it for the first time takes as long as everything else
 * that `stack apply` does when there is nothing to do, and each call takes three times as long. Everything but these
 * reads goes through Node's.
 */
export class PlainReads {
  readonly #path: string;
  readonly #connections = new Set<Connection>();
  readonly #waiting: Wanted[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  /** The complete answer within `limitMs` of asking (null: no limit). Rejects with what `toEngineError` knows. */
  get(target: string, limitMs: number | null): Promise<HttpAnswer> {
    // The rule of Node's own client: nothing that could end the request's first line.
    if (/[^\u0021-\u00ff]/.test(target)) return Promise.reject(new TypeError('a path must be escaped'));
    return new Promise((resolve, reject) => {
      const settle = (outcome: HttpAnswer | Error) =>
        outcome instanceof Error ? reject(outcome) : resolve(outcome);
      this.#waiting.push({ target, limitMs, settle });
      this.#next();
    });
  }

  /** Ends every connection; who still waits for an answer hears of a cut. */
  close(): void {
    for (const { settle } of this.#waiting.splice(0)) settle(hangUp());
    for (const connection of this.#connections) this.#fail(connection, hangUp());
  }

  /** Asks what waits as long as there is a connection for it. */
  #next(): void {
    while (this.#waiting.length > 0) {
      const connection =
        this.#idle() ?? (this.#connections.size < MOST_CONNECTIONS ? this.#open() : undefined);
      const wanted = connection === undefined ? undefined : this.#waiting.shift();
      if (connection === undefined || wanted === undefined) return;
      const { target, limitMs } = wanted;
      const timer =
        limitMs === null
          ? undefined
          : setTimeout(() => this.#fail(connection, new DeadlinePassed(limitMs)), limitMs);
      connection.asking = { ...wanted, reader: new AnswerReader(), timer };
      connection.socket.ref();
      connection.socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 'latin1');
    }
  }

  #idle(): Connection | undefined {
    for (const connection of this.#connections) if (connection.asking === null) return connection;
    return undefined;
  }

  #open(): Connection {
    const connection: Connection = { socket: connect(this.#path), asking: null };
    this.#connections.add(connection);
    const { socket } = connection;
    socket.on('data', (bytes: Buffer) => this.#read(connection, bytes));
    socket.on('end', () => this.#end(connection));
    socket.on('error', (error) => this.#fail(connection, error));
    socket.on('close', () => this.#fail(connection, hangUp()));
    return connection;
  }

  #read(connection: Connection, bytes: Buffer): void {
    const { asking } = connection;
    // Nobody has asked: whatever it is, nobody can rely on what comes next.
    if (asking === null) return this.#fail(connection, hangUp());
    try {
      const answer = asking.reader.feed(bytes);
      if (answer !== null) this.#done(connection, asking, answer);
    } catch (error) {
      this.#fail(connection, error instanceof Error ? error : new CutOff());
    }
  }

  #end(connection: Connection): void {
    const { asking } = connection;
    const answer = asking?.reader.end() ?? null;
    if (asking !== null && answer !== null) this.#done(connection, asking, answer);
    this.#fail(connection, asking?.reader.hasHead === true ? new CutOff() : hangUp());
  }

  #done(connection: Connection, asking: Asking, answer: HttpAnswer): void {
    connection.asking = null;
    clearTimeout(asking.timer);
    // An idle connection keeps no process.
    connection.socket.unref();
    if (!asking.reader.canFollow) this.#fail(connection, hangUp());
    asking.settle(answer);
    this.#next();
  }

  /** The connection is of no use any more. */
  #fail(connection: Connection, error: Error): void {
    const { asking } = connection;
    connection.asking = null;
    this.#connections.delete(connection);
    connection.socket.destroy();
    if (asking !== null) {
      clearTimeout(asking.timer);
      asking.settle(error);
    }
    this.#next();
  }
}

/** As Node's own client says it. */
function hangUp(): Error {
  return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
}
