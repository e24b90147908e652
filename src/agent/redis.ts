import { connect } from 'node:net';

import { codeOf, systemError } from './system-error.ts';

/** Whose lists are asked for. */
export interface RedisAsk {
  readonly host: string;
  readonly port: number;
  readonly password: string | null;
  readonly lists: readonly string[];
  readonly timeoutMs: number;
}

/** An answer of a line, and none is longer. */
const LONGEST = 4096;

/** Of an answer that is told: it stands in lines of people. */
const LONGEST_REFUSAL = 200;

/**
 * The lengths of lists of a Redis, added up: `AUTH` where there is a password, and `LLEN` for each list, in one go (RESP 2; each is
 * answered in one line). A list that is not there is empty. Rejects with what the server, or the system, says; never with the password.
 */
export function redisLength({ host, port, password, lists, timeoutMs }: RedisAsk): Promise<number> {
  const commands = [
    ...(password === null ? [] : [['AUTH', password]]),
    ...lists.map((list) => ['LLEN', list]),
  ];
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const end = (error: Error | null, sum = 0): void => {
      clearTimeout(timer);
      socket.destroy();
      if (error === null) resolve(sum);
      else reject(error);
    };
    const timer = setTimeout(() => end(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(commands.map(request).join('')));
    socket.on('error', (error) => end(new Error(failure(error, host))));
    socket.on('close', () => end(new Error('it ended the connection')));
    socket.on('data', (more: string) => {
      text += more;
      const lines = text.split('\r\n').slice(0, -1);
      const failed = lines.find((line) => !/^(?:\+OK|:\d+)$/.test(line));
      if (failed !== undefined) return end(new Error(refusal(failed, password)));
      if (text.length > LONGEST * commands.length) return end(new Error('it is no Redis'));
      if (lines.length < commands.length) return;
      const lengths = lines.map((line) => (line.startsWith(':') ? Number(line.slice(1)) : 0));
      end(
        null,
        lengths.reduce((sum, length) => sum + length, 0),
      );
    });
  });
}

/** Why nobody answers. A name that nobody has is of no container: it was not made, or has gone. */
function failure(error: Error, host: string): string {
  return codeOf(error) === 'ENOTFOUND' ? `\`${host}\` is not there` : `\`${host}\`: ${systemError(error)}`;
}

/** What a server says. One that does not know `AUTH` says what it was given, or as much of that as it likes. */
function refusal(line: string, password: string | null): string {
  const said = line.replace(/^-/, '').replace(/,? with args beginning with:.*$/s, '');
  if (password !== null && said.includes(password)) return 'it says the password';
  return said.slice(0, LONGEST_REFUSAL);
}

/** Each word with its length in bytes: it may hold anything. */
function request(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}
