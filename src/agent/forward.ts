import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { lineSplitter } from './line-splitter.ts';
import { MAX_LINE_BYTES, type AgentAnswer, type AgentRequest } from './protocol.ts';
import { codeOf } from './system-error.ts';

/** What only the process knows that runs the jobs. */
const CRON: readonly AgentRequest['op'][] = ['cron-status', 'cron-run', 'cron-pause', 'cron-resume'];

/** What the first process must do or know of: it guards names beyond the end of a session, and keeps the journal. */
const KEPT: ReadonlySet<AgentRequest['op']> = new Set([
  'publish',
  'hold',
  'restore',
  'unlink',
  // One process writes, so that no two writes meet.
  'journal',
  // It ends with this session: its connection stays open.
  'lease',
  'free',
  'holder',
  'unlock',
  ...CRON,
]);

/** Whether a session leaves a request to the agent's first process. */
export function isKept({ op }: AgentRequest): boolean {
  return KEPT.has(op);
}

/** Cannot be had without the first process. */
const STARTING: ReadonlySet<AgentRequest['op']> = new Set(['hold', 'lease', 'holder', 'unlock', ...CRON]);

/** A session may begin while the first process is still starting; a hold cannot be had without it. */
const START_MS = 5000;
const RETRY_MS = 20;

/** A lease is that of the last connection on which it was taken. */
let leased: Socket | null = null;

/** Has the agent's first process answer, at its own socket. Null: there is none. Never rejects. */
export async function forward(request: AgentRequest, control: string): Promise<AgentAnswer | null> {
  for (;;) {
    const answer = await forwardOnce(request, control);
    if (answer !== null || !STARTING.has(request.op) || performance.now() > START_MS) return answer;
    await sleep(RETRY_MS);
  }
}

function forwardOnce(request: AgentRequest, control: string): Promise<AgentAnswer | null> {
  return new Promise((resolve) => {
    const socket = connect({ path: control });
    const split = lineSplitter(MAX_LINE_BYTES);
    let isConnected = false;
    let isSettled = false;
    const settle = (answer: AgentAnswer | null): void => {
      if (isSettled) return;
      isSettled = true;
      resolve(answer);
      if (request.op !== 'lease') return void socket.destroy();
      leased?.destroy();
      leased = socket;
    };
    const lost = (): void =>
      settle({
        id: request.id,
        ok: false,
        error: 'its first process ended in the middle of that',
        lost: true,
      });
    socket.once('connect', () => {
      isConnected = true;
      socket.write(`${JSON.stringify(request)}\n`);
    });
    socket.on('data', (chunk: Buffer) => {
      for (const line of split(chunk)) {
        const message: AgentAnswer | { readonly hello: string } | null =
          line === null ? null : JSON.parse(line);
        if (message !== null && 'ok' in message) settle(message);
      }
    });
    socket.on('error', (error) => {
      const code = codeOf(error);
      if (!isConnected && (code === 'ENOENT' || code === 'ECONNREFUSED')) settle(null);
      else lost();
    });
    socket.on('close', lost);
  });
}
