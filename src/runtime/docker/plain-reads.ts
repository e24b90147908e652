import { connect, type Socket } from 'node:net';

import { AnswerReader, type HttpAnswer, type ReadMethod } from './answer-reader.ts';
import { CutOff, DeadlinePassed } from './engine-errors.ts';

/** An engine on the same machine has no latency to hide, and each connection has its price. */
const MOST_CONNECTIONS = 4;

/** Requests sent in one go on one connection: the engine answers them one after the other. */
const MOST_AT_ONCE = 32;

interface Wanted {
  readonly method: ReadMethod;
  readonly target: string;
  readonly timer: NodeJS.Timeout | undefined;
  readonly settle: (outcome: HttpAnswer | Error) => void;
}

interface Connection {
  readonly socket: Socket;
  /** Whose answers are to come, in their order. */
  readonly asked: Wanted[];
  /** Of the answer that comes now; null before its first byte. */
  reader: AnswerReader | null;
}

/**
 * GET and HEAD requests over a unix socket, on a few connections that are kept. What is asked for at the same time is sent in
 * one go (pipelining, RFC 9112, section 9.3.2), so that an engine can work on all of it while this process does
 * something else; what is asked for later never waits behind it.
 *
 * Node's own client could do it, too. But to load it and run it for the first time takes as long as everything else
 * that `stack apply` does when there is nothing to do, and each call takes three times as long. Everything but these
 * reads goes through Node's.
 */
export class PlainReads {
  readonly #path: string;
  readonly #connections = new Set<Connection>();
  #waiting: Wanted[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  /** The complete answer within `limitMs` of asking (null: no limit). Rejects with what `toEngineError` knows. */
  ask(method: ReadMethod, target: string, limitMs: number | null): Promise<HttpAnswer> {
    // The rule of Node's own client: nothing that could end the request's first line.
    if (/[^\u0021-\u00ff]/.test(target)) return Promise.reject(new TypeError('a path must be escaped'));
    return new Promise((resolve, reject) => {
      const wanted: Wanted = {
        method,
        target,
        timer:
          limitMs === null
            ? undefined
            : setTimeout(() => this.#expire(wanted, new DeadlinePassed(limitMs)), limitMs),
        settle: (outcome) => {
          clearTimeout(wanted.timer);
          if (outcome instanceof Error) reject(outcome);
          else resolve(outcome);
        },
      };
      this.#waiting.push(wanted);
      // Once all that is asked for now is known.
      if (this.#waiting.length === 1) process.nextTick(() => this.#next());
    });
  }

  /** Ends every connection; who still waits for an answer hears of a cut. */
  close(): void {
    const waiting = [...this.#waiting, ...[...this.#connections].flatMap(({ asked }) => asked.splice(0))];
    this.#waiting = [];
    for (const connection of this.#connections) this.#drop(connection);
    for (const { settle } of waiting) settle(hangUp());
  }

  /** Asks what waits as long as there is a connection for it. */
  #next(): void {
    while (this.#waiting.length > 0) {
      const connection = this.#idle() ?? (this.#connections.size < MOST_CONNECTIONS ? this.#open() : null);
      if (connection === null) return;
      connection.asked.push(...this.#waiting.splice(0, MOST_AT_ONCE));
      connection.socket.ref();
      const requests = connection.asked.map(
        ({ method, target }) => `${method} ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      );
      connection.socket.write(requests.join(''), 'latin1');
    }
  }

  #idle(): Connection | null {
    for (const connection of this.#connections) if (connection.asked.length === 0) return connection;
    return null;
  }

  #open(): Connection {
    const connection: Connection = { socket: connect(this.#path), asked: [], reader: null };
    this.#connections.add(connection);
    const { socket } = connection;
    socket.on('data', (bytes: Buffer) => this.#read(connection, bytes));
    socket.on('end', () => this.#end(connection));
    socket.on('error', (error) => this.#fail(connection, error));
    socket.on('close', () => this.#fail(connection, hangUp()));
    return connection;
  }

  #read(connection: Connection, bytes: Buffer): void {
    try {
      let rest = bytes;
      while (rest.length > 0) {
        const [first] = connection.asked;
        // Nobody has asked: whatever it is, nobody can rely on what comes next.
        if (first === undefined) return this.#drop(connection);
        const reader = (connection.reader ??= new AnswerReader(first.method));
        const answer = reader.feed(rest);
        if (answer === null) return;
        rest = reader.rest;
        this.#done(connection, reader, answer);
      }
    } catch (error) {
      this.#fail(connection, error instanceof Error ? error : new CutOff());
    }
  }

  #end(connection: Connection): void {
    const { reader } = connection;
    const answer = reader?.end() ?? null;
    if (reader !== null && answer !== null) this.#done(connection, reader, answer);
    this.#fail(connection, reader?.hasHead === true && answer === null ? new CutOff() : hangUp());
  }

  #done(connection: Connection, reader: AnswerReader, answer: HttpAnswer): void {
    const { asked, socket } = connection;
    asked.shift()?.settle(answer);
    connection.reader = null;
    if (!reader.canFollow || (asked.length === 0 && reader.rest.length > 0)) this.#drop(connection);
    // An idle connection keeps no process.
    else if (asked.length === 0) socket.unref();
    this.#next();
  }

  /** Whoever's answer was to come hears of it. */
  #fail(connection: Connection, error: Error): void {
    connection.asked.shift()?.settle(error);
    this.#drop(connection);
    this.#next();
  }

  #expire(wanted: Wanted, error: DeadlinePassed): void {
    wanted.settle(error);
    this.#waiting = this.#waiting.filter((other) => other !== wanted);
    for (const connection of this.#connections) {
      const place = connection.asked.indexOf(wanted);
      if (place === -1) continue;
      connection.asked.splice(place, 1);
      this.#drop(connection);
    }
    // What was asked for at the same time is late as well, and says so before anything is sent.
    setImmediate(() => this.#next());
  }

  /** Ends a connection that is of no use any more. What it still owes is asked again: it only reads. */
  #drop(connection: Connection): void {
    this.#connections.delete(connection);
    this.#waiting.unshift(...connection.asked.splice(0));
    connection.socket.destroy();
  }
}

/** As Node's own client says it. */
function hangUp(): Error {
  return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
}
