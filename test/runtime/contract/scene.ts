import type { ContainerConfig } from '../../../src/compiler/plan/container-config.ts';
import type { ContainerDetails, Engine, LogsOptions } from '../../../src/runtime/engine.ts';
import { plainConfig } from '../../support/plain-config.ts';

/** An engine under test. `image` holds the suite's programs; everything made carries `label` and `prefix`. */
export interface ContractSubject {
  readonly engine: Engine;
  readonly image: string;
  /** `key=value`. */
  readonly label: string;
  readonly prefix: string;
  close(): Promise<void>;
}

const DEADLINE_MS = 20_000;

/** What the contract's tests make, on the engine that was opened for them. */
export class ContractScene {
  #subject: ContractSubject | null = null;
  #made = 0;

  open(subject: ContractSubject): void {
    this.#subject = subject;
  }

  get engine(): Engine {
    return this.#opened.engine;
  }

  get image(): string {
    return this.#opened.image;
  }

  get label(): string {
    return this.#opened.label;
  }

  /** A name that nothing has yet. */
  unique(word: string): string {
    this.#made += 1;
    return `${this.#opened.prefix}-${word}${this.#made}`;
  }

  labels(): Readonly<Record<string, string>> {
    return Object.fromEntries([this.label.split('=', 2)]);
  }

  async create(
    command: readonly string[],
    more: Partial<ContainerConfig> = {},
  ): Promise<{ id: string; name: string }> {
    const base = { name: this.unique('c'), image: this.image, command, labels: this.labels() };
    const config = plainConfig({ ...base, ...more });
    return { id: await this.engine.createContainer(config), name: config.name };
  }

  async run(
    command: readonly string[],
    more: Partial<ContainerConfig> = {},
  ): Promise<{ id: string; name: string }> {
    const container = await this.create(command, more);
    await this.engine.startContainer(container.id);
    return container;
  }

  /** Waits until `run` hears a signal. */
  async untilListening(id: string): Promise<void> {
    await until('it listens to signals', async () => (await this.logsOf(id)).stdout.includes('running'));
  }

  async details(id: string): Promise<ContainerDetails> {
    const found = await this.engine.inspectContainer(id);
    if (found === null) throw new Error(`no container ${id}`);
    return found;
  }

  async logsOf(id: string, options: Partial<LogsOptions> = {}): Promise<{ stdout: string; stderr: string }> {
    const text = { stdout: '', stderr: '' };
    const all = { tail: null, follow: false, timestamps: false, ...options };
    for await (const { stream, data } of this.engine.logs(id, all)) {
      text[stream] += Buffer.from(data).toString('utf8');
    }
    return text;
  }

  /** Removes all that was made. */
  async close(): Promise<void> {
    const { engine, label } = this;
    for (const { id } of await engine.listContainers([label]))
      await engine.removeContainer(id, { volumes: true });
    for (const name of await engine.listNetworks([label])) await engine.removeNetwork(name);
    for (const { name } of await engine.listVolumes([label])) await engine.removeVolume(name);
    await this.#opened.close();
  }

  get #opened(): ContractSubject {
    if (this.#subject === null) throw new Error('no engine was opened');
    return this.#subject;
  }
}

/** Asks every 20 ms, for 20 s at the most. */
export async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + DEADLINE_MS;
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}
