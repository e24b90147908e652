import { lineSplitter } from '../../agent/line-splitter.ts';
import { MAX_LINE_BYTES, type AgentQuestion, type Hello } from '../../agent/protocol.ts';
import type { ExecSession } from '../engine.ts';
import { within } from '../within.ts';
import { AgentError, AgentLostError, AgentRefusedError } from './agent-session.ts';
import { readMessage } from './read-message.ts';

/** After the output has ended: for the exit code and the rest of stderr, which only make the message better. */
const LAST_WORDS_MS = 2000;
const STDERR_TAIL_CHARACTERS = 2000;

/** Questions and answers over one exec session, any number under way. */
export interface Conversation {
  /** Resolves with the agent's first line; rejects with {@link AgentError} when it is something else, or nothing. */
  readonly hello: Promise<Hello>;
  /** Resolves with the answer's result; rejects with {@link AgentRefusedError}, or {@link AgentLostError} when the session ends. */
  ask(question: AgentQuestion): Promise<unknown>;
  close(): void;
}

interface Waiting<T> {
  readonly resolve: (result: T) => void;
  readonly reject: (error: AgentError) => void;
}

/** Takes over an exec session that has just started. `agent` names its container in messages. */
export function converse(exec: ExecSession, agent: string): Conversation {
  const waiting = new Map<number, Waiting<unknown>>();
  let greet: Waiting<Hello> | undefined;
  const hello = new Promise<Hello>((resolve, reject) => {
    greet = { resolve, reject };
  });
  // Whoever opened the session may have given up on it before the hello fails.
  hello.catch(() => undefined);
  let greeted = false;
  let lastId = 0;
  let ended: AgentError | null = null;

  const end = (error: AgentError): void => {
    if (ended !== null) return;
    ended = error;
    greet?.reject(error);
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    exec.destroy();
  };

  const hear = (line: string | null): void => {
    const message = readMessage(line);
    if (message === null) {
      const words = `what answers in \`${agent}\` is no agent of stackc: ${JSON.stringify(line)}`;
      end(greeted ? new AgentLostError(words) : new AgentError(words));
    } else if ('hello' in message) {
      greeted = true;
      greet?.resolve(message);
    } else if (message.id === null) {
      // No request of ours is that malformed: the two sides have lost each other.
      const why = message.ok ? '' : message.error;
      end(new AgentLostError(`the agent \`${agent}\` could not read a request: ${why}`));
    } else {
      const asked = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.ok) asked?.resolve(message.result);
      else asked?.reject(new AgentRefusedError(message.error));
    }
  };

  const readAll = async (): Promise<void> => {
    const stderr = tailOf(exec.stderr);
    const split = lineSplitter(MAX_LINE_BYTES);
    let stray = '';
    let cause: unknown;
    try {
      for await (const chunk of exec.stdout) {
        // The engine's own failure (`exec failed: …`) comes as text without a line end, on stdout.
        if (!greeted) stray = (stray + Buffer.from(chunk).toString('utf8')).slice(-STDERR_TAIL_CHARACTERS);
        for (const line of split(chunk)) hear(line);
      }
    } catch (error) {
      cause = error;
    }
    if (ended !== null) return;
    const [code, complaint] = await Promise.all([
      exitCodeOf(exec),
      within(LAST_WORDS_MS, stderr.ended, () => stderr.soFar()),
    ]);
    const words = [complaint, greeted ? '' : stray, cause instanceof Error ? cause.message : '']
      .map((text) => text.trim())
      .filter((text) => text !== '');
    const how = code === null ? 'the connection ended' : `exit code ${code}`;
    end(
      new AgentLostError(`the session with the agent \`${agent}\` is over (${[how, ...words].join(': ')})`, {
        cause,
      }),
    );
  };
  void readAll();

  return {
    hello,
    ask: (question) =>
      new Promise((resolve, reject) => {
        if (ended !== null) {
          reject(ended);
          return;
        }
        lastId += 1;
        waiting.set(lastId, { resolve, reject });
        void exec.write(`${JSON.stringify({ id: lastId, ...question })}\n`);
      }),
    close: () => {
      exec.endInput();
      end(new AgentLostError(`the session with the agent \`${agent}\` was closed`));
    },
  };
}

interface Tail {
  /** Resolves with the last part when there is no more. Never rejects. */
  readonly ended: Promise<string>;
  soFar(): string;
}

function tailOf(stream: AsyncIterable<Uint8Array>): Tail {
  let text = '';
  const read = async (): Promise<string> => {
    try {
      for await (const chunk of stream) {
        text = (text + Buffer.from(chunk).toString('utf8')).slice(-STDERR_TAIL_CHARACTERS);
      }
    } catch {
      // What came before the cut is what there is.
    }
    return text;
  };
  return { ended: read(), soFar: () => text };
}

async function exitCodeOf(exec: ExecSession): Promise<number | null> {
  try {
    return await within(LAST_WORDS_MS, exec.exitCode, () => null);
  } catch {
    return null;
  }
}
