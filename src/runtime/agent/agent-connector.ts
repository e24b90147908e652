import { PROTOCOL_VERSION, type AgentQuestion } from '../../agent/protocol.ts';
import { elapsed } from '../elapsed.ts';
import { EngineError, type Engine, type ExecSession } from '../engine.ts';
import { isRecord } from '../parse-spec.ts';
import { within } from '../within.ts';
import {
  AgentError,
  AgentLostError,
  type AgentConnector,
  type AgentSession,
  type AskedRun,
  type ArrivalsResult,
  type PortArrivalsResult,
  type DrainResult,
  type Handed,
  type Holder,
  type LeaseAnswer,
  type LeaseLost,
  type HostResult,
  type ListenersResult,
  type ProbeResult,
  type TellResult,
} from './agent-session.ts';
import { converse, type Conversation } from './conversation.ts';

const COMMAND = ['sh', '/stackc/session.sh'];

/** How long the agent may take; what it does has limits of its own, so these only end what hangs. */
export interface AgentPatience {
  /** For its first line. */
  readonly helloMs: number;
  /** For a publish or an unlink, and for a probe beyond the probe's own timeout. */
  readonly answerMs: number;
}

const PATIENCE: AgentPatience = { helloMs: 20_000, answerMs: 20_000 };

/** Opens agent sessions by exec in the agent's container: no port, and whoever may use the engine may use it. */
export function execAgentConnector(
  engine: Pick<Engine, 'exec'>,
  patience: AgentPatience = PATIENCE,
): AgentConnector {
  return {
    open: async (containerName) => {
      const exec = await startSession(engine, containerName);
      const conversation = converse(exec, containerName);
      try {
        await checkHello(conversation, containerName, patience.helloMs);
      } catch (error) {
        conversation.close();
        throw error;
      }
      return sessionOver(conversation, patience.answerMs);
    },
  };
}

async function startSession(engine: Pick<Engine, 'exec'>, containerName: string): Promise<ExecSession> {
  try {
    return await engine.exec(containerName, { command: COMMAND, tty: false, stdin: true });
  } catch (error) {
    // The engine's answers for a container that is not there and for one that does not run.
    if (error instanceof EngineError && (error.kind === 'not-found' || error.kind === 'conflict')) {
      throw new AgentLostError(
        `the agent \`${containerName}\` does not run (${error.message}): apply again`,
        {
          cause: error,
        },
      );
    }
    throw error;
  }
}

async function checkHello(conversation: Conversation, containerName: string, limitMs: number): Promise<void> {
  const { protocol } = await withLimit(conversation.hello, limitMs, 'did not say hello');
  if (protocol === PROTOCOL_VERSION) return;
  throw new AgentError(
    `the agent \`${containerName}\` speaks protocol ${protocol}, this stackc speaks ${PROTOCOL_VERSION}: ` +
      'run `stack agent build`, then apply again',
  );
}

function sessionOver(conversation: Conversation, answerMs: number): AgentSession {
  const ask = (question: AgentQuestion, limitMs: number): Promise<unknown> =>
    withLimit(conversation.ask(question), limitMs, `did not answer \`${question.op}\``);
  return {
    probe: async (request) => {
      const result = await ask({ op: 'probe', ...request }, request.timeoutMs + answerMs);
      if (isProbeResult(result)) return result;
      throw new AgentError(`the agent's answer to \`probe\` makes no sense: ${JSON.stringify(result)}`);
    },
    publish: async (directory, link, to, waitMs = 0) => {
      const result = await ask({ op: 'publish', directory, link, to, waitMs }, waitMs + answerMs);
      if (result === null || isHanded(result)) return result;
      throw new AgentError(`the agent's answer to \`publish\` makes no sense: ${JSON.stringify(result)}`);
    },
    hold: async (directory, link, how) => {
      await ask({ op: 'hold', directory, link, ...how }, answerMs);
    },
    keep: async (directory, name, as) => {
      await ask({ op: 'keep', directory, name, as }, answerMs);
    },
    restore: async (directory, name, from) => {
      await ask({ op: 'restore', directory, name, from }, answerMs);
    },
    unlink: async (directory, name) => {
      await ask({ op: 'unlink', directory, name }, answerMs);
    },
    journal: async (lines, lease, doing) => {
      const result = await ask({ op: 'journal', lines, lease, doing }, answerMs);
      if (result === null || isLost(result)) return result;
      throw new AgentError(`the agent's answer to \`journal\` makes no sense: ${JSON.stringify(result)}`);
    },
    lease: async ({ id, ...rest }) => {
      const result = await ask({ op: 'lease', lease: id, ...rest }, answerMs);
      if (isLeaseAnswer(result)) return result;
      throw new AgentError(`the agent's answer to \`lease\` makes no sense: ${JSON.stringify(result)}`);
    },
    free: async (id) => {
      await ask({ op: 'free', lease: id }, answerMs);
    },
    holder: async () => {
      const result = await ask({ op: 'holder' }, answerMs);
      if (result === null || isHolder(result)) return result;
      throw new AgentError(`the agent's answer to \`holder\` makes no sense: ${JSON.stringify(result)}`);
    },
    unlock: async (id) => (await ask({ op: 'unlock', lease: id }, answerMs)) === true,
    revision: async () => {
      const result = await ask({ op: 'revision' }, answerMs);
      if (typeof result === 'number') return result;
      throw new AgentError(`the agent's answer to \`revision\` makes no sense: ${JSON.stringify(result)}`);
    },
    arrivals: async (request) => {
      const result = await ask({ op: 'arrivals', ...request }, request.timeoutMs + answerMs);
      if (isArrivalsResult(result)) return result;
      throw new AgentError(`the agent's answer to \`arrivals\` makes no sense: ${JSON.stringify(result)}`);
    },
    portArrivals: async (request) => {
      const result = await ask({ op: 'port-arrivals', ...request }, request.timeoutMs + answerMs);
      if (isPortArrivalsResult(result)) return result;
      throw new AgentError(
        `the agent's answer to \`port-arrivals\` makes no sense: ${JSON.stringify(result)}`,
      );
    },
    drain: async (request) => {
      const result = await ask({ op: 'drain', ...request }, request.timeoutMs + answerMs);
      if (isDrainResult(result)) return result;
      throw new AgentError(`the agent's answer to \`drain\` makes no sense: ${JSON.stringify(result)}`);
    },
    drainPorts: async (request) => {
      const result = await ask({ op: 'drain-ports', ...request }, request.timeoutMs + answerMs);
      if (isDrainResult(result)) return result;
      throw new AgentError(`the agent's answer to \`drain-ports\` makes no sense: ${JSON.stringify(result)}`);
    },
    listeners: async (ports) => {
      const result = await ask({ op: 'listeners', ports }, answerMs);
      if (isListenersResult(result)) return result;
      throw new AgentError(`the agent's answer to \`listeners\` makes no sense: ${JSON.stringify(result)}`);
    },
    host: async (ports) => {
      const result = await ask({ op: 'host', ports }, answerMs);
      if (isHostResult(result)) return result;
      throw new AgentError(`the agent's answer to \`host\` makes no sense: ${JSON.stringify(result)}`);
    },
    point: async (request) => {
      const result = await ask({ op: 'point', ...request }, request.timeoutMs + answerMs);
      if (isTellResult(result)) return result;
      throw new AgentError(`the agent's answer to \`point\` makes no sense: ${JSON.stringify(result)}`);
    },
    leave: async (request) => {
      const result = await ask({ op: 'leave', ...request }, answerMs);
      if (isTellResult(result)) return result;
      throw new AgentError(`the agent's answer to \`leave\` makes no sense: ${JSON.stringify(result)}`);
    },
    cronRun: async (job, by) => {
      const result = await ask({ op: 'cron-run', job, by }, answerMs);
      const asked = askedRun(result);
      if (asked !== null) return asked;
      throw new AgentError(`the agent's answer to \`cron-run\` makes no sense: ${JSON.stringify(result)}`);
    },
    cronPause: async (job, by) => {
      await ask({ op: 'cron-pause', job, by }, answerMs);
    },
    cronResume: async (job, by) => {
      await ask({ op: 'cron-resume', job, by }, answerMs);
    },
    close: () => conversation.close(),
  };
}

/** A connection that is lost without a word (a paused container, a cut cable) must not hang an apply. */
function withLimit<T>(answer: Promise<T>, limitMs: number, what: string): Promise<T> {
  return within(limitMs, answer, () => {
    throw new AgentError(`the agent ${what} within ${elapsed(limitMs)}`);
  });
}

function isHolder(value: unknown): value is Holder {
  if (typeof value !== 'object' || value === null) return false;
  const doing: unknown = Reflect.get(value, 'doing');
  const texts = ['id', 'user', 'host', 'command', 'since'].map((key): unknown => Reflect.get(value, key));
  return texts.every((each) => typeof each === 'string') && (doing === null || typeof doing === 'string');
}

function isLost(value: unknown): value is LeaseLost {
  if (typeof value !== 'object' || value === null || !('holder' in value)) return false;
  return value.holder === null || isHolder(value.holder);
}

function isLeaseAnswer(value: unknown): value is LeaseAnswer {
  if (typeof value !== 'object' || value === null || !('granted' in value)) return false;
  if (value.granted === false) return isLost(value);
  return 'idleMs' in value && (value.idleMs === null || typeof value.idleMs === 'number');
}

function isProbeResult(value: unknown): value is ProbeResult {
  if (typeof value !== 'object' || value === null || !('ok' in value)) return false;
  if (value.ok === false) return 'error' in value && typeof value.error === 'string';
  if (value.ok !== true || !('status' in value) || !('ms' in value)) return false;
  return (value.status === null || typeof value.status === 'number') && typeof value.ms === 'number';
}

function isHanded(value: unknown): value is Handed {
  if (typeof value !== 'object' || value === null || !('held' in value) || !('longestMs' in value))
    return false;
  return typeof value.held === 'number' && typeof value.longestMs === 'number';
}

function isArrivalsResult(value: unknown): value is ArrivalsResult {
  if (typeof value !== 'object' || value === null || !('seen' in value) || !('ms' in value)) return false;
  return typeof value.seen === 'number' && typeof value.ms === 'number';
}

function isPortArrivalsResult(value: unknown): value is PortArrivalsResult {
  return isArrivalsResult(value) && 'beside' in value && typeof value.beside === 'number';
}

function isHostResult(value: unknown): value is HostResult {
  if (typeof value !== 'object' || value === null || !('listening' in value) || !('freeBytes' in value))
    return false;
  const { listening, freeBytes } = value;
  if ((freeBytes !== null && typeof freeBytes !== 'number') || !Array.isArray(listening)) return false;
  return listening.every(
    (each: unknown) =>
      typeof each === 'object' &&
      each !== null &&
      typeof Reflect.get(each, 'hostPort') === 'number' &&
      typeof Reflect.get(each, 'hostIp') === 'string',
  );
}

function isListenersResult(value: unknown): value is ListenersResult {
  if (typeof value !== 'object' || value === null || !('listening' in value) || !('migrates' in value))
    return false;
  const { listening, migrates } = value;
  if (typeof migrates !== 'boolean' || !Array.isArray(listening)) return false;
  return listening.every(
    (each: unknown) =>
      typeof each === 'object' &&
      each !== null &&
      typeof Reflect.get(each, 'port') === 'number' &&
      typeof Reflect.get(each, 'inode') === 'number',
  );
}

function isTellResult(value: unknown): value is TellResult {
  if (typeof value !== 'object' || value === null || !('ms' in value) || typeof value.ms !== 'number')
    return false;
  return ['missing', 'unresolved', 'down'].every((key) => Array.isArray(Reflect.get(value, key)));
}

function isDrainResult(value: unknown): value is DrainResult {
  if (typeof value !== 'object' || value === null || !('kind' in value) || !('ms' in value)) return false;
  if (typeof value.ms !== 'number') return false;
  switch (value.kind) {
    case 'drained':
      return 'most' in value && typeof value.most === 'number';
    case 'busy':
      return (
        'queued' in value &&
        typeof value.queued === 'number' &&
        'open' in value &&
        typeof value.open === 'number'
      );
    case 'knocked':
    case 'silent':
    case 'blind':
      return 'why' in value && typeof value.why === 'string';
    default:
      return false;
  }
}

function askedRun(value: unknown): AskedRun | null {
  if (!isRecord(value)) return null;
  const { kind, run, askedMs, before } = value;
  // An agent of an earlier version has only begun ones.
  if (typeof run === 'number') return { kind: 'begun', run };
  return kind === 'queued' && typeof askedMs === 'number' && typeof before === 'number'
    ? { kind, askedMs, before }
    : null;
}
