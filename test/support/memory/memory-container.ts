import type { RestartPolicy } from '../../../src/compiler/desired/instance-spec.ts';
import type { ContainerState } from '../../../src/compiler/observed/observed-state.ts';
import type { ContainerConfig } from '../../../src/compiler/plan/container-config.ts';
import type { Clock } from '../../../src/runtime/clock.ts';
import type {
  ContainerDetails,
  ContainerSummary,
  FoundFile,
  ImageDetails,
  LogChunk,
} from '../../../src/runtime/engine.ts';
import { OutputQueue } from '../../../src/runtime/docker/output-queue.ts';
import type { Behaviour, BehaviourOf } from './behaviour.ts';

const DEFAULT_STOP_S = 10;

interface LogLine {
  readonly stream: LogChunk['stream'];
  readonly text: string;
  readonly atMs: number;
}

/** One container: its process, its restarts and its log, as Docker Engine 20.10 handles them. */
export class MemoryContainer {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly image: ImageDetails;
  readonly createdMs: number;
  readonly networks: Map<string, readonly string[]>;
  readonly log: LogLine[] = [];
  /** What was put into it, by path. */
  readonly files = new Map<string, FoundFile>();
  name: string;
  restart: RestartPolicy;
  state: ContainerState = 'created';
  exitCode = 0;
  error = '';
  restartCount = 0;
  /** What the engine's events tell of its last end. */
  lastExit: number | null = null;
  startedMs: number | null = null;
  endedMs: number | null = null;
  /** Kept over restarts of the engine: `unless-stopped` does not bring it back. */
  stoppedByHand = false;
  /** What is typed into it. */
  readonly input = new OutputQueue(() => undefined);
  readonly #attached: ((line: LogLine | null) => void)[] = [];
  readonly #onChange: (container: MemoryContainer, what: 'start' | 'end') => void;
  readonly #clock: Clock;
  readonly #behaviourOf: BehaviourOf;
  #behaviour: Behaviour = {};
  #runs = 0;
  /** Ends everything that waits for a moment of the current run. */
  #run = new AbortController();
  /** A stop was asked for: this run is not followed by another, whatever the policy. */
  #isLast = false;
  #watchers: (() => void)[] = [];
  #exits: ((code: number) => void)[] = [];

  constructor(parts: {
    id: string;
    config: ContainerConfig;
    image: ImageDetails;
    clock: Clock;
    behaviourOf: BehaviourOf;
    onChange: (container: MemoryContainer, what: 'start' | 'end') => void;
  }) {
    this.id = parts.id;
    this.config = parts.config;
    this.image = parts.image;
    this.name = parts.config.name;
    this.restart = parts.config.restart;
    this.createdMs = parts.clock.now();
    const { network } = parts.config;
    // That of another container is none of its own.
    this.networks = new Map(network.startsWith('container:') ? [] : [[network, []]]);
    this.#clock = parts.clock;
    this.#behaviourOf = parts.behaviourOf;
    this.#onChange = parts.onChange;
  }

  get isRunning(): boolean {
    return this.state === 'running' || this.state === 'paused' || this.state === 'restarting';
  }

  /** Starts it; the engine's words when it cannot. */
  start(): string | null {
    const behaviour = this.#behaviourOf(this.config, this.#runs + 1);
    if (behaviour.startError !== undefined) {
      this.exitCode = 127;
      this.error = behaviour.startError;
      return behaviour.startError;
    }
    this.#runs += 1;
    this.#behaviour = behaviour;
    this.#run = new AbortController();
    this.#isLast = false;
    this.stoppedByHand = false;
    this.state = 'running';
    this.error = '';
    this.startedMs = this.#clock.now();
    for (const { stream, text, afterMs = 0 } of behaviour.output ?? []) {
      this.#after(afterMs, () => this.write(stream, text));
    }
    this.#onChange(this, 'start');
    if (behaviour.reads !== undefined) {
      const run = this.#run;
      const print = (text: string) => this.write('stdout', text);
      void behaviour.reads(this.input, print).then((code) => run.signal.aborted || this.exit(code));
    }
    const { exitAfterMs, exitCode = 0 } = behaviour;
    if (exitAfterMs !== undefined) this.#after(exitAfterMs, () => this.exit(exitCode));
    return null;
  }

  /** Resolves when it is over. `timeoutS` null: what it was created with, else 10 s; negative: for ever. */
  async stop(timeoutS: number | null): Promise<void> {
    if (!this.isRunning) return;
    this.stoppedByHand = true;
    this.#isLast = true;
    if (this.state === 'restarting') return this.exit(this.exitCode);
    const { stopAfterMs = 0, stopExitCode = 143 } = this.#behaviour;
    const limitS = timeoutS ?? this.config.stopTimeoutS ?? DEFAULT_STOP_S;
    const limitMs = limitS < 0 ? Infinity : limitS * 1000;
    const isKilled = stopAfterMs > limitMs;
    const run = this.#run;
    const waitMs = Math.min(stopAfterMs, limitMs);
    if (waitMs > 0) await this.#clock.sleep(waitMs, run.signal).catch(() => undefined);
    // It may have ended by itself meanwhile.
    if (run === this.#run && !run.signal.aborted) this.exit(isKilled ? 137 : stopExitCode);
  }

  /** A signal by the engine's kill call, which counts as stopped by hand (moby#41302). */
  signal(name: string): void {
    const bare = name.replace(/^SIG/, '');
    const stopSignal = (this.config.stopSignal ?? this.image.config.stopSignal)?.replace(/^SIG/, '') ?? null;
    this.stoppedByHand = true;
    if (stopSignal === null || bare === stopSignal || bare === 'KILL') this.#isLast = true;
    if (bare === 'KILL') return this.exit(137);
    const { signals = {}, stopAfterMs = 0, stopExitCode = 143 } = this.#behaviour;
    const code = signals[bare] ?? (bare === (stopSignal ?? 'TERM') ? stopExitCode : undefined);
    if (code !== undefined && stopAfterMs !== Infinity) this.#after(stopAfterMs, () => this.exit(code));
  }

  /** Its process ends: told to those who wait, and followed by what the restart policy says. */
  exit(code: number): void {
    this.#run.abort();
    this.state = 'exited';
    this.exitCode = code;
    this.lastExit = code;
    this.endedMs = this.#clock.now();
    this.#onChange(this, 'end');
    for (const tell of this.#exits.splice(0)) tell(code);
    for (const tell of this.#attached.splice(0)) tell(null);
    this.#wakeWatchers();
    if (this.#isLast || !this.#isToRestart(code)) return;
    this.state = 'restarting';
    this.#run = new AbortController();
    const delayMs = Math.min(100 * 2 ** this.restartCount, 60_000);
    this.restartCount += 1;
    this.#after(delayMs, () => {
      // One that cannot be started is not tried again.
      if (this.start() !== null) this.state = 'exited';
    });
  }

  /** The engine goes down and comes up again. */
  reboot(): void {
    if (this.isRunning) {
      this.#isLast = true;
      this.exit(255);
    }
    const { name } = this.restart;
    const isWanted =
      name === 'always' ||
      (name === 'unless-stopped' && !this.stoppedByHand) ||
      (name === 'on-failure' && this.exitCode !== 0);
    if (isWanted) this.start();
  }

  /** It goes away: whoever waits is told by the exit, and the log ends. */
  remove(): void {
    if (this.isRunning) {
      this.#isLast = true;
      this.exit(137);
    }
    this.state = 'removing';
    this.#wakeWatchers();
  }

  /** Settles with the next exit's code; null when `signal` comes first. */
  nextExit(signal: AbortSignal | undefined): Promise<number | null> {
    return new Promise((resolve) => {
      this.#exits.push(resolve);
      signal?.addEventListener('abort', () => resolve(null), { once: true });
    });
  }

  /** Settles when there is more in the log, or no more will come. */
  nextLine(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      this.#watchers.push(resolve);
      signal?.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /** Calls back for each line from now on, and with null at its end. */
  attach(tell: (line: LogLine | null) => void): void {
    this.#attached.push(tell);
  }

  write(stream: LogLine['stream'], text: string): void {
    const line = { stream, text, atMs: this.#clock.now() };
    this.log.push(line);
    for (const tell of this.#attached) tell(line);
    this.#wakeWatchers();
  }

  summary(): ContainerSummary {
    const health = this.#health();
    return {
      id: this.id,
      name: this.name,
      image: this.config.image,
      imageId: this.image.id,
      state: this.state,
      status: this.#status() + (health === 'none' || this.state !== 'running' ? '' : ` (${health})`),
      labels: this.config.labels,
      networks: [...this.networks.keys()].sort(),
      ports: this.config.ports.flatMap(({ hostPort, hostIp, protocol }) =>
        hostPort === null || !this.isRunning ? [] : [{ hostPort, hostIp, protocol }],
      ),
      writes: this.config.mounts
        .flatMap(({ type, source, readOnly }) => (type === 'volume' && !readOnly ? [source] : []))
        .sort(),
      createdS: Math.floor(this.createdMs / 1000),
    };
  }

  details(): ContainerDetails {
    const { config, image } = this;
    return {
      id: this.id,
      name: this.name,
      imageId: image.id,
      image: config.image,
      state: this.state,
      exitCode: this.state === 'exited' || this.state === 'restarting' ? this.exitCode : null,
      error: this.error,
      health: this.#health(),
      restartCount: this.restartCount,
      pid: this.state === 'running' ? 1000 : 0,
      startedAt: this.startedMs === null ? '' : new Date(this.startedMs).toISOString(),
      endedAt: this.endedMs === null || this.isRunning ? '' : new Date(this.endedMs).toISOString(),
      labels: config.labels,
      env: mergedEnv(image.config.env, config.env),
      command: commandOf(config, image),
      entrypoint: config.entrypoint ?? orNull(image.config.entrypoint),
      restart: restartText(this.restart),
      stopSignal: config.stopSignal ?? image.config.stopSignal,
      stopTimeoutS: config.stopTimeoutS ?? DEFAULT_STOP_S,
      networkMode: config.network,
      networks: Object.fromEntries([...this.networks].sort(([a], [b]) => (a < b ? -1 : 1))),
      mounts: config.mounts
        .map(({ type, source, target, readOnly }) => ({
          type,
          source,
          name: type === 'volume' ? source : '',
          target,
          readOnly,
        }))
        .sort((a, b) => (a.target < b.target ? -1 : 1)),
      ports: config.ports,
      tty: config.tty,
      autoRemove: false,
      memory: config.memory ?? 0,
      nanoCpus: Math.round((config.cpus ?? 0) * 1e9),
    };
  }

  #isToRestart(code: number): boolean {
    const { name, maxRetries } = this.restart;
    if (name === 'always') return true;
    if (name === 'unless-stopped') return !this.stoppedByHand;
    return name === 'on-failure' && code !== 0 && (maxRetries === 0 || this.restartCount < maxRetries);
  }

  #after(ms: number, act: () => void): void {
    if (ms <= 0) return act();
    const { signal } = this.#run;
    this.#clock.sleep(ms, signal).then(
      () => (signal.aborted ? undefined : act()),
      () => undefined,
    );
  }

  #wakeWatchers(): void {
    for (const wake of this.#watchers.splice(0)) wake();
  }

  #health(): ContainerDetails['health'] {
    const { healthyAfterMs, unhealthyAfterMs } = this.#behaviour;
    if (healthyAfterMs === undefined && unhealthyAfterMs === undefined) return 'none';
    const upMs = this.#clock.now() - (this.startedMs ?? 0);
    if (unhealthyAfterMs !== undefined && upMs >= unhealthyAfterMs) return 'unhealthy';
    return healthyAfterMs !== undefined && upMs >= healthyAfterMs ? 'healthy' : 'starting';
  }

  #status(): string {
    if (this.state === 'running') {
      return `Up ${Math.round((this.#clock.now() - (this.startedMs ?? 0)) / 1000)} seconds`;
    }
    if (this.state === 'exited') return `Exited (${this.exitCode})`;
    return this.state === 'restarting' ? `Restarting (${this.exitCode})` : this.state;
  }
}

function restartText({ name, maxRetries }: RestartPolicy): string {
  return name === 'on-failure' && maxRetries > 0 ? `${name}:${maxRetries}` : name;
}

/** An entrypoint of one's own takes the image's command away (`docker run --entrypoint`); an empty one of either is none. */
function commandOf(config: ContainerConfig, image: ImageDetails): readonly string[] | null {
  if (config.command !== null && config.command.length > 0) return config.command;
  return (config.entrypoint ?? []).length === 0 ? orNull(image.config.command) : null;
}

function orNull(words: readonly string[]): readonly string[] | null {
  return words.length === 0 ? null : words;
}

/** The container's own values, then those of the image that it does not set: the engine's order. */
function mergedEnv(ofImage: readonly string[], own: readonly string[]): readonly string[] {
  const names = new Set(own.map((pair) => pair.split('=', 1)[0]));
  return [...own, ...ofImage.filter((pair) => !names.has(pair.split('=', 1)[0]))];
}
