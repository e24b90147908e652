import { rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';

import { HttpRequests, type RequestHead } from './http-requests.ts';

/** Calls that begin something which lasts, or only look. */
const LOOKS = /^\/(?:v[\d.]+\/)?(?:exec\/|containers\/[^/]+\/(?:wait|exec|attach|resize)$)/;
/** Asked of an agent whether anything is done or not. */
const CHATTER = new Set(['ping', 'revision', 'holder', 'listeners']);
/** Asked again and again: only the first one is a step. */
const ONCE = new Set(['lease', 'journal']);

/** How long an answer may take that is only waited for in order to be withheld. */
const ANSWER_MS = 1500;
/** From one process to the next. */
const ON_ITS_WAY_MS = 5;

/**
 * A socket between `stack` and the engine. It counts the steps of an apply: every call that changes something on the engine, and
 * every question to an agent, whose session goes through it as well. One of them can be held until the test has done its
 * worst.
 */
export class HeldEngine {
  readonly path: string;
  readonly #target: string;
  readonly #server: Server;
  readonly #connections = new Set<Socket>();
  readonly #seen = new Set<string>();
  #isCut = false;
  #steps = 0;
  #at = 0;
  #onMet: (what: string) => void = () => undefined;
  #release: () => void = () => undefined;
  #withhold: () => void = () => undefined;
  #released: Promise<'pass' | 'withhold'> = Promise.resolve('pass');
  #answered: () => void = () => undefined;

  private constructor(path: string, target: string) {
    this.path = path;
    this.#target = target;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#serve(client));
  }

  static async listen(path: string, target: string): Promise<HeldEngine> {
    const held = new HeldEngine(path, target);
    await new Promise<void>((resolve) => {
      held.#server.listen(path, resolve);
    });
    return held;
  }

  get host(): string {
    return `unix://${this.path}`;
  }

  /** Counts from one again, and holds step `at`. Resolves with what it is as soon as it is met. */
  hold(at: number): Promise<string> {
    this.#isCut = false;
    this.#steps = 0;
    this.#at = at;
    this.#seen.clear();
    this.#released = new Promise((resolve) => {
      this.#release = () => resolve('pass');
      this.#withhold = () => resolve('withhold');
    });
    return new Promise((resolve) => {
      this.#onMet = resolve;
    });
  }

  /** The held step goes on its way. */
  pass(): void {
    this.#release();
  }

  /** The same; resolves when it is on its way. */
  async passed(): Promise<void> {
    this.pass();
    await new Promise((resolve) => setTimeout(resolve, ON_ITS_WAY_MS));
  }

  /** It reaches the engine, and its answer nobody. Resolves when it is there, or takes long. */
  async withhold(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const answered = new Promise<void>((resolve) => {
      this.#answered = resolve;
      timer = setTimeout(resolve, ANSWER_MS);
    });
    this.#withhold();
    await answered;
    clearTimeout(timer);
  }

  /** Ends every connection, and refuses new ones until the next {@link hold} or {@link mend}. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#connections) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.path, { force: true });
  }

  #serve(client: Socket): void {
    if (this.#isCut) {
      client.destroy();
      return;
    }
    const engine = connect({ path: this.#target, allowHalfOpen: true });
    for (const socket of [client, engine]) {
      this.#connections.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#connections.delete(socket);
        client.destroy();
        engine.destroy();
      });
    }
    let isWithheld = false;
    engine.on('data', (data) => {
      if (isWithheld) this.#answered();
      else client.write(data);
    });
    engine.on('end', () => client.end());
    const step = async (what: string | null) => {
      if (what === null || !this.#isTurn()) return;
      this.#onMet(what);
      isWithheld = (await this.#released) === 'withhold';
    };
    void this.#passOn(client, engine, step);
  }

  async #passOn(client: Socket, engine: Socket, step: (what: string | null) => Promise<void>): Promise<void> {
    const requests = new HttpRequests();
    try {
      for await (const chunk of client) {
        for (const part of requests.read(chunk as Buffer)) {
          if (part.head !== null) await step(this.#callOf(part.head));
          else if (part.line !== null) await step(this.#questionOf(part.line));
          engine.write(part.bytes);
        }
      }
      engine.end();
    } catch {
      engine.destroy();
    }
  }

  #isTurn(): boolean {
    this.#steps += 1;
    return this.#steps === this.#at;
  }

  /** What a call is, in a word; null where it changes nothing. */
  #callOf({ method, path }: RequestHead): string | null {
    const [route = '', query = ''] = path.split('?');
    if (method === 'GET' || method === 'HEAD' || LOOKS.test(route)) return null;
    const words = route
      .replace(/^\/v[\d.]+/, '')
      .split('/')
      .filter((word) => word !== '' && !/^[0-9a-f]{64}$/.test(word));
    const name = new URLSearchParams(query).get('name');
    return [method, ...words, ...(name === null ? [] : [name])].join(' ');
  }

  /** What an agent is asked; null where that is nothing, or has been asked before. */
  #questionOf(line: string): string | null {
    const { id: _, ...question } = JSON.parse(line) as { id: number; op: string };
    if (CHATTER.has(question.op)) return null;
    const key = ONCE.has(question.op) ? question.op : JSON.stringify(question);
    if (this.#seen.has(key)) return null;
    this.#seen.add(key);
    return `agent ${question.op}`;
  }
}
