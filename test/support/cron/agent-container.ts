import type { JobSpec } from '../../../src/compiler/cron/job.ts';
import { readCronRecords } from '../../../src/compiler/cron/lines.ts';
import { CRON_FILE, runLogFile } from '../../../src/compiler/cron/places.ts';
import type { CronRecord } from '../../../src/compiler/cron/record.ts';
import { canonicalJson } from '../../../src/compiler/desired/canonical-json.ts';
import { labels } from '../../../src/compiler/labels.ts';
import { journalVolume } from '../../../src/compiler/names.ts';
import { ENGINE_SOCKET, JOURNAL_FOLDER } from '../../../src/compiler/plan/agent-spec.ts';
import type { ContainerConfig } from '../../../src/compiler/plan/container-config.ts';
import { execAgentConnector } from '../../../src/runtime/agent/agent-connector.ts';
import type { AgentSession } from '../../../src/runtime/agent/agent-session.ts';
import type { Engine } from '../../../src/runtime/engine.ts';
import { plainConfig } from '../plain-config.ts';
import { everyMinute } from './job-scene.ts';

/** The agent that runs a stack's jobs, in its container on a real engine, with templates made by hand. */
export class AgentContainer {
  readonly #engine: Engine;
  readonly #stack: string;
  readonly #image: string;
  readonly #socket: string;
  readonly name: string;

  constructor(engine: Engine, stack: string, image: string, socket: string = ENGINE_SOCKET) {
    this.#engine = engine;
    this.#stack = stack;
    this.#image = image;
    this.#socket = socket;
    this.name = `${stack}-agent-engine`;
  }

  async start(): Promise<void> {
    const own = { [labels.stack]: this.#stack };
    const volume = journalVolume(this.#stack);
    await this.#engine.createVolume(volume, { ...own, [labels.role]: 'journal' });
    const plain = { readOnly: false, relabel: null, dataVolume: null } as const;
    const id = await this.#engine.createContainer(
      plainConfig({
        name: this.name,
        image: this.#image,
        labels: { ...own, [labels.role]: 'agent' },
        entrypoint: ['node', '/stackc/scheduler.mjs'],
        env: [`STACKC_STACK=${this.#stack}`],
        mounts: [
          { ...plain, type: 'volume', source: volume, target: JOURNAL_FOLDER, noCopy: true },
          {
            ...plain,
            type: 'bind',
            source: this.#socket,
            target: ENGINE_SOCKET,
            noCopy: false,
            mustExist: true,
          },
        ],
        capDrop: ['ALL'],
        capAdd: ['DAC_OVERRIDE', 'FOWNER'],
        securityOpt: ['no-new-privileges'],
        readOnly: true,
        tmpfs: { '/run/stackc': 'mode=0700,size=64k' },
        network: 'none',
        restart: { name: 'unless-stopped', maxRetries: 0 },
        stopTimeoutS: 5,
      }),
    );
    await this.#engine.startContainer(id);
  }

  async addJob(
    name: string,
    script: string,
    spec: Partial<JobSpec> = {},
    more: Partial<ContainerConfig> = {},
  ): Promise<string> {
    return this.#engine.createContainer(
      plainConfig({
        name: `${this.#stack}-${name}.template`,
        image: this.#image,
        entrypoint: ['sh', '-c'],
        command: [script],
        network: 'none',
        ...more,
        labels: {
          [labels.stack]: this.#stack,
          [labels.application]: this.#stack,
          [labels.container]: name,
          [labels.instance]: name,
          [labels.generation]: '1',
          [labels.role]: 'template',
          [labels.job]: canonicalJson({ ...everyMinute, schedule: ['0 0 29 2 *'], ...spec }),
          ...more.labels,
        },
      }),
    );
  }

  jobKey(name: string): string {
    return `${this.#stack}/${name}`;
  }

  async ask<T>(question: (session: AgentSession) => Promise<T>): Promise<T> {
    const session = await execAgentConnector(this.#engine).open(this.name);
    try {
      return await question(session);
    } finally {
      session.close();
    }
  }

  async run(name: string): Promise<number> {
    const by = { user: 'deploy', host: 'laptop' };
    const asked = await this.ask((session) => session.cronRun(this.jobKey(name), by));
    if (asked.kind === 'queued') throw new Error(`a run of ${name} waits`);
    return asked.run;
  }

  async records(): Promise<readonly CronRecord[]> {
    return readCronRecords((await this.#read(CRON_FILE)) ?? '');
  }

  async log(name: string, run: number): Promise<string | null> {
    return this.#read(runLogFile(this.jobKey(name), run));
  }

  /** The end of a run; undefined while it lasts. */
  async endOf(
    name: string,
    run: number,
  ): Promise<Extract<CronRecord, { readonly type: 'ended' }> | undefined> {
    for (const record of await this.records()) {
      if (record.type === 'ended' && record.job === this.jobKey(name) && record.run === run) return record;
    }
    return undefined;
  }

  /** Everything of the stack goes. */
  async remove(): Promise<void> {
    await this.#engine.removeContainer(this.name);
    for (const { id } of await this.#engine.listContainers([`${labels.stack}=${this.#stack}`])) {
      await this.#engine.removeContainer(id, { volumes: true });
    }
    await this.#engine.removeVolume(journalVolume(this.#stack));
  }

  async #read(path: string): Promise<string | null> {
    const found = await this.#engine.fetchFile(this.name, path);
    return found?.kind === 'file' ? Buffer.from(found.content).toString('utf8') : null;
  }
}
