import type { Gate } from '../../src/compiler/desired/desired-state.ts';
import type {
  AgentSession,
  Listener,
  ProbeRequest,
  ProbeResult,
} from '../../src/runtime/agent/agent-session.ts';
import { EngineError, type ContainerDetails, type ExecSession } from '../../src/runtime/engine.ts';
import { passGate, type GateContext } from '../../src/runtime/gate.ts';
import type { SharedPorts } from '../../src/runtime/gate/shared-port.ts';
import { virtualClock, type VirtualClock } from './virtual-clock.ts';

/** A complete answer. */
export const answers = (status: number): ProbeResult => ({ ok: true, status, ms: 1 });
/** None. */
export const fails = (error: string): ProbeResult => ({ ok: false, error });

/** What the server says at a time, in milliseconds since the gate began, and how long it takes. */
export type Server = (
  atMs: number,
) => { readonly result: ProbeResult; readonly tookMs: number } | ProbeResult;

/** What a run of the command does, begun at a time: it ends at once, or never. */
export type Runs = (atMs: number) => { readonly code: number; readonly output?: string } | 'hangs';

/** What a gate meets: a server, or runs of a command, or what the engine tells, and how its container ends. */
export interface Scene {
  readonly server?: Server;
  readonly asked?: ProbeRequest[];
  /** Ports of the host that it shares, and who listens there at a time. */
  readonly shared?: SharedPorts;
  readonly listening?: (atMs: number) => readonly Listener[];
  readonly runs?: Runs;
  /** Hears when each hung run is closed. */
  readonly closed?: number[];
  readonly exit?: { readonly at: number; readonly code: number };
  readonly waitFails?: boolean;
  readonly details?: (atMs: number) => Partial<ContainerDetails> | null;
}

interface Passed {
  readonly note: string;
  readonly asked: {
    readonly at: number;
    readonly target: ProbeRequest['target'];
    readonly timeoutMs: number;
  }[];
  readonly progress: readonly string[];
}

/** Passes the gate in virtual time; gives what was asked, and what was told on the way. */
export async function passing(gate: Gate, scene: Scene): Promise<Passed> {
  const clock = virtualClock();
  const asked: Passed['asked'] = [];
  const progress: string[] = [];
  const context = contextOf(clock, scene, {
    onAsk: ({ target, timeoutMs }) => asked.push({ at: clock.now(), target, timeoutMs }),
    onProgress: (line) => progress.push(line),
  });
  const { note } = await clock.run(passGate(gate, context, new AbortController().signal));
  return { note, asked, progress };
}

/** Fails at the gate in virtual time; gives the reason, and when. */
export async function failing(gate: Gate, scene: Scene): Promise<{ error: Error; at: number }> {
  const clock = virtualClock();
  try {
    await clock.run(passGate(gate, contextOf(clock, scene), new AbortController().signal));
  } catch (error) {
    if (error instanceof Error) return { error, at: clock.now() };
    throw error;
  }
  throw new Error('the gate was passed');
}

/** What a gate in the scene is passed with. */
export function contextOf(
  clock: VirtualClock,
  scene: Scene,
  ears: { onAsk?: (request: ProbeRequest) => void; onProgress?: (line: string) => void } = {},
): GateContext {
  const agent: Pick<AgentSession, 'probe' | 'listeners'> = {
    listeners: async () => ({ listening: scene.listening?.(clock.now()) ?? [], migrates: true }),
    probe: async (request) => {
      ears.onAsk?.(request);
      scene.asked?.push(request);
      const said = scene.server?.(clock.now()) ?? fails('no server');
      if (!('result' in said)) return said;
      await clock.sleep(said.tookMs);
      return said.result;
    },
  };
  return {
    engine: engineOf(clock, scene),
    agent,
    shared: scene.shared ?? null,
    containerId: 'c1',
    address: 'shop-app0.2.next',
    socketPath: '/stackc/v/socks/.app0.2',
    clock,
    onProgress: (line) => ears.onProgress?.(line),
  };
}

export const RUNNING: ContainerDetails = {
  id: 'c1',
  name: 'shop-app0.2.next',
  imageId: 'sha256:1',
  image: 'app:1',
  state: 'running',
  exitCode: null,
  error: '',
  health: 'none',
  restartCount: 0,
  pid: 100,
  startedAt: '2026-01-01T00:00:00Z',
  endedAt: '',
  labels: {},
  env: [],
  command: null,
  entrypoint: null,
  restart: 'no',
  stopSignal: null,
  stopTimeoutS: 10,
  networkMode: 'shop',
  networks: {},
  mounts: [],
  ports: [],
  tty: false,
  autoRemove: false,
  memory: 0,
  nanoCpus: 0,
};

function engineOf(clock: VirtualClock, scene: Scene): GateContext['engine'] {
  return {
    waitContainer: async (_id, signal) => {
      if (scene.waitFails) throw new EngineError('cut-off', 'wait', 'the connection ended');
      if (scene.exit === undefined) return new Promise(() => undefined);
      await clock.sleep(scene.exit.at, signal);
      return scene.exit.code;
    },
    inspectContainer: async () => {
      const details = scene.details === undefined ? {} : scene.details(clock.now());
      return details === null ? null : { ...RUNNING, ...details };
    },
    exec: async (_id, request) => {
      if (request.tty || request.stdin) throw new Error('a gate needs no terminal and no input');
      const run = scene.runs?.(clock.now()) ?? { code: 0 };
      return run === 'hangs'
        ? hungExec(() => scene.closed?.push(clock.now()))
        : endedExec(run.code, run.output ?? '');
    },
  };
}

function endedExec(code: number, output: string): ExecSession {
  return {
    stdout: chunks(output),
    stderr: chunks(''),
    exitCode: Promise.resolve(code),
    write: async () => undefined,
    endInput: () => undefined,
    resize: async () => undefined,
    destroy: () => undefined,
  };
}

function hungExec(onDestroy: () => void): ExecSession {
  let cut: (() => void) | undefined;
  const hung = new Promise<never>((_resolve, reject) => {
    cut = () => reject(new EngineError('cut-off', 'exec', 'destroyed'));
  });
  hung.catch(() => undefined);
  const never = async function* (): AsyncIterable<Uint8Array> {
    yield await hung;
  };
  return {
    ...endedExec(0, ''),
    stdout: never(),
    exitCode: hung,
    destroy: () => {
      onDestroy();
      cut?.();
    },
  };
}

async function* chunks(text: string): AsyncIterable<Uint8Array> {
  if (text !== '') yield Buffer.from(text);
}
