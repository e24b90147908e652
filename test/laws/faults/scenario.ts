import { DiagnosticsFailure } from '../../../src/cli/failure.ts';
import type { PlannedStack } from '../../../src/cli/plan-stack.ts';
import { hasWork } from '../../../src/cli/walk-plan.ts';
import { labels } from '../../../src/compiler/labels.ts';
import { isPending } from '../../../src/compiler/plan/plan.ts';
import { agentImage } from '../../../src/runtime/agent/agent-image.ts';
import { EngineError } from '../../../src/runtime/engine.ts';
import { plainConfig } from '../../support/plain-config.ts';
import { Chance } from './chance.ts';
import { CALM, Client, type Onlooker, type Weather } from './client.ts';
import { meddle } from './hands.ts';
import { Broken, Laws } from './laws.ts';
import { Machine } from './machine.ts';
import { load, plan, walk } from './program.ts';
import { settledProblems } from './settled.ts';
import { changed, randomSketch, type Sketch } from './sketch.ts';

/** Applies in calm weather that may be needed until nothing is left to do. */
const APPLIES = 2;
/** Beyond what any apply takes: something waits for ever. */
const ENDLESS_MS = 12 * 3_600_000;
/** Whatever still runs by itself is over by then: holds, migrations, restarts. */
const SETTLE_MS = 1_000_000;

/** One seed's story: stack files that change, applies in bad weather, and calm at the end. Rejects with what went wrong. */
export async function play(seed: number, tell: (line: string) => void = () => {}): Promise<void> {
  const story = new Story(seed, tell);
  try {
    await story.play();
  } catch (error) {
    if (error instanceof Error) error.message = `seed ${seed}: ${error.message}`;
    throw error;
  }
}

class Story {
  readonly #chance: Chance;
  readonly #machine: Machine;
  readonly #laws: Laws;
  readonly #tell: (line: string) => void;
  #applies = 0;
  #meddling = 0;
  /** The first law that was broken; what asked may swallow it. */
  #broken: Broken | null = null;

  constructor(seed: number, tell: (line: string) => void) {
    this.#chance = new Chance(seed);
    this.#machine = new Machine(this.#chance.fork('fates'));
    this.#laws = new Laws(this.#machine, 'shop');
    this.#tell = tell;
  }

  async play(): Promise<void> {
    const { clock } = this.#machine;
    const chance = this.#chance;
    const strangers = await this.#inviteStrangers();
    let sketch = randomSketch(chance);
    const first = sketch;
    await this.#settle(sketch, 1);
    for (let turns = chance.between(1, 3); turns > 0; turns -= 1) {
      sketch = chance.whether(0.2) ? first : changed(sketch, chance);
      this.#tell(`file: ${JSON.stringify(sketch)}`);
      const trouble = chance.pick([0, 0, 0.01, 0.03, 0.1]);
      this.#meddling = chance.pick([0, 0, 0, 0.01, 0.04]);
      this.#machine.isWell = chance.whether(0.6);
      for (let tries = chance.between(1, 3); tries > 0; tries -= 1) {
        const isKilled = chance.whether(0.6);
        const weather = {
          trouble,
          callsToLive: isKilled ? chance.between(1, 160) : null,
          leaps: trouble / 5,
        };
        await this.#attempt(sketch, weather);
        if (chance.whether(0.5)) await clock.run(clock.sleep(chance.pick([100, 2_000, 20_000, 200_000])));
      }
    }
    this.#meddling = 0;
    this.#machine.isWell = true;
    if (chance.whether(0.5)) await clock.run(clock.sleep(SETTLE_MS));
    await this.#settle(sketch, APPLIES);
    const after = this.#strangersNow();
    if (after !== strangers) throw new Broken(`others were touched: ${strangers} → ${after}`);
  }

  /** Applies in calm weather until nothing is left to do, and looks whether all is as the file says. */
  async #settle(sketch: Sketch, applies: number): Promise<void> {
    const { clock } = this.#machine;
    const loaded = load(sketch);
    const names = sketch.map(({ name }) => name);
    for (let left = applies; ; left -= 1) {
      const client = this.#client(CALM);
      let planned: PlannedStack;
      try {
        planned = await clock.run(plan(loaded, client, names));
      } catch (error) {
        // A migration that an apply has left running is waited for by hand.
        if (!(error instanceof DiagnosticsFailure) || !isMigrationInTheWay(error)) throw inWords(error);
        await clock.run(clock.sleep(SETTLE_MS));
        planned = await clock.run(plan(loaded, client, names)).catch((again: unknown) => {
          throw inWords(again);
        });
      }
      const pending = planned.plan.changes.filter(isPending).map(({ action, id }) => `${action} ${id}`);
      const isDone = !hasWork(planned.plan) && planned.plan.nodes.length === 0;
      if (isDone !== (pending.length === 0))
        throw new Broken(
          `a plan with ${pending.join(', ') || 'no changes'} and ${planned.plan.nodes.length} operations`,
        );
      if (isDone && this.#isRestarting()) {
        // Of what crashed lately the next plan sees more, once it runs.
        await clock.run(clock.sleep(SETTLE_MS));
        left += 1;
        continue;
      }
      if (isDone) return this.#demandSettled(planned);
      if (left === 0)
        throw new Broken(`after ${applies} applies there is still to do: ${pending.join(', ')}`);
      await this.#walk(planned, client);
    }
  }

  #isRestarting(): boolean {
    return this.#machine.engine.containers().some(({ state }) => state === 'restarting');
  }

  #demandSettled(planned: PlannedStack): void {
    const problems = settledProblems(this.#machine, planned.desired);
    if (problems.length > 0) throw new Broken(`nothing is left to do, but ${problems.join('; ')}`);
  }

  /** One apply in bad weather: it may be killed, interrupted, or fail at anything. */
  async #attempt(sketch: Sketch, weather: Weather): Promise<void> {
    const { clock } = this.#machine;
    const client = this.#client(weather);
    const loaded = load(sketch);
    const include = this.#chance.whether(0.7) ? sketch.map(({ name }) => name) : [];
    this.#tell(`attempt ${JSON.stringify(weather)} include ${include.join(' ')}`);
    const apply = async () => {
      let planned: PlannedStack;
      try {
        planned = await plan(loaded, client, include);
      } catch (error) {
        if (error instanceof EngineError || error instanceof DiagnosticsFailure)
          return this.#tell(`no plan: ${inWords(error).message}`);
        throw error;
      }
      for (const { id, after } of planned.plan.nodes) this.#tell(`    ${id} ← ${after.join(', ')}`);
      await this.#run(planned, client);
    };
    await clock.run(Promise.race([apply(), client.death]));
    this.#demandLawful();
    client.kill();
  }

  async #run(planned: PlannedStack, client: Client): Promise<void> {
    const chance = this.#chance;
    const [finish, stop] = [new AbortController(), new AbortController()];
    if (chance.whether(0.15)) this.#later(() => finish.abort());
    if (chance.whether(0.1))
      this.#later(() => {
        finish.abort();
        stop.abort();
      });
    this.#laws.begin(planned);
    const events = await walk(
      planned,
      client,
      { applyId: `a${(this.#applies += 1)}`, finish: finish.signal, stop: stop.signal },
      () => this.#buildAgent(),
    );
    for (const event of events) {
      if (event.type === 'node-failed') this.#tell(`failed ${event.node.id}: ${event.failure.message}`);
      if (event.type === 'undo-finished')
        this.#tell(`undone ${event.group}: ${event.failures.map(({ message }) => message).join('; ')}`);
    }
  }

  async #walk(planned: PlannedStack, client: Client): Promise<void> {
    for (const { id, after } of planned.plan.nodes) this.#tell(`    ${id} ← ${after.join(', ')}`);
    this.#laws.begin(planned);
    const never = new AbortController().signal;
    const signals = { applyId: `a${(this.#applies += 1)}`, finish: never, stop: never };
    const events = await this.#machine.clock.run(walk(planned, client, signals, () => this.#buildAgent()));
    for (const event of events)
      if (event.type === 'node-failed')
        this.#tell(`failed in calm: ${event.node.id}: ${event.failure.message}`);
    this.#demandLawful();
  }

  #later(act: () => void): void {
    void this.#machine.clock.sleep(this.#chance.pick([10, 400, 3_000, 10_000])).then(act);
  }

  #buildAgent(): void {
    this.#machine.engine.addImage(agentImage().tag);
  }

  #client(weather: Weather): Client {
    const { clock, engine } = this.#machine;
    const startedMs = clock.now();
    const lawful = async (method: string, args: readonly unknown[], check: () => void) => {
      if (clock.now() - startedMs > ENDLESS_MS) throw new Broken('it goes on for ever');
      if (this.#chance.whether(this.#meddling))
        this.#tell(`  -- ${await meddle(this.#machine, this.#chance)}`);
      this.#tell(
        `  ${clock.now()} ${method} ${args
          .filter((arg) => typeof arg !== 'object')
          .map((arg) => engine.containers().find(({ id }) => id === arg)?.name ?? String(arg))
          .join(' ')}`,
      );
      try {
        check();
      } catch (error) {
        if (error instanceof Broken) this.#broken ??= error;
      }
    };
    const onlooker: Onlooker = {
      onCall: (method, args) => lawful(method, args, () => this.#laws.call(method, args)),
      onAgentCall: (method, args) =>
        lawful(`agent ${method}`, args, () => this.#laws.agentCall(method, args)),
      onAnswer: (method, answer) => this.#laws.hear(method, answer),
      onGone: (id) => this.#laws.hearGone(id),
    };
    return new Client(this.#machine, this.#chance, weather, onlooker);
  }

  #demandLawful(): void {
    if (this.#broken !== null) throw this.#broken;
  }

  /** What others have on the same engine, with names and labels like ours. */
  async #inviteStrangers(): Promise<string> {
    const { engine, clock } = this.#machine;
    engine.addImage('other:1');
    const make = async (name: string, own: Readonly<Record<string, string>>) => {
      const id = await engine.createContainer(
        plainConfig({
          name,
          image: 'other:1',
          labels: own,
          restart: { name: 'always', maxRetries: 0 },
        }),
      );
      await engine.startContainer(id);
    };
    await engine.createNetwork('other', {});
    await engine.createVolume('shop-files-of-others', {});
    const alike = {
      [labels.role]: 'instance',
      [labels.application]: 'shop',
      [labels.container]: 'app',
      [labels.instance]: 'app0',
      [labels.generation]: '1',
    };
    await clock.run(make('other-app0', { ...alike, [labels.stack]: 'other' }));
    await clock.run(make('app0', {}));
    return this.#strangersNow();
  }

  #strangersNow(): string {
    return this.#machine.engine
      .containers()
      .filter(({ labels: own }) => own[labels.stack] !== 'shop')
      .map(({ name, state, restart }) => `${name} ${state} ${restart}`)
      .join(', ');
  }
}

function isMigrationInTheWay({ diagnostics }: DiagnosticsFailure): boolean {
  return diagnostics.some(({ code }) => code === 'STK415');
}

function inWords(error: unknown): Error {
  if (error instanceof DiagnosticsFailure)
    return new Broken(
      error.diagnostics
        .filter(({ severity }) => severity === 'error')
        .map(({ code, message }) => `${code} ${message}`)
        .join('; '),
    );
  return error instanceof Error ? error : new Error(String(error));
}
