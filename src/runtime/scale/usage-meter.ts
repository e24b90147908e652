import type { ContainerUsage, Engine } from '../engine.ts';

type Usage = Pick<Engine, 'usage'>;

/** How much of the machine containers use, in percent of what one may use. What was seen at the look before counts, so one meter serves for all looks. */
export class UsageMeter {
  #before = new Map<string, { readonly atMs: number; readonly cpuNs: number }>();
  /** Of whom the engine told nothing at the look before, by source. */
  readonly #blank = { cpu: new Set<string>(), memory: new Set<string>() };

  /**
   * Of the processor, since the look before: of `cpus`, or of the whole machine (null). Null at the first look of one. Throws where the
   * engine has told of nobody at two looks on end.
   */
  async cpu(ids: readonly string[], cpus: number | null, engine: Usage): Promise<readonly (number | null)[]> {
    const usages = await Promise.all(ids.map((id) => engine.usage(id)));
    const found = ids.map((id, i) => this.#percent(id, cpus, usages[i] ?? null));
    this.#look(
      'cpu',
      ids,
      usages.map((usage) => usage !== null),
    );
    return found;
  }

  /** Of the memory. Null where the engine does not tell; throws where it has told of nobody at two looks on end. */
  async memory(ids: readonly string[], engine: Usage): Promise<readonly (number | null)[]> {
    const found = await Promise.all(ids.map(async (id) => (await engine.usage(id))?.memory ?? null));
    this.#look(
      'memory',
      ids,
      found.map((memory) => memory !== null),
    );
    return found.map((memory) => (memory === null ? null : (100 * memory.bytes) / memory.limit));
  }

  /** Forgets all but these. */
  keep(ids: ReadonlySet<string>): void {
    for (const known of [this.#before, this.#blank.cpu, this.#blank.memory])
      for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
  }

  #percent(id: string, cpus: number | null, usage: ContainerUsage | null): number | null {
    const before = this.#before.get(id);
    if (usage === null) {
      this.#before.delete(id);
      return null;
    }
    const { atMs, cpuNs } = usage;
    this.#before.set(id, { atMs, cpuNs });
    const most = cpus ?? usage.cpus;
    // One that was started again begins at 0.
    if (before === undefined || most === null || atMs <= before.atMs || cpuNs < before.cpuNs) return null;
    return (100 * (cpuNs - before.cpuNs)) / ((atMs - before.atMs) * 1e6 * most);
  }

  /** One that was just started may not be measured yet; what has told nothing twice will not tell by waiting. */
  #look(source: 'cpu' | 'memory', ids: readonly string[], told: readonly boolean[]): void {
    const blank = this.#blank[source];
    const isBlind = ids.length > 0 && ids.every((id, i) => told[i] === false && blank.has(id));
    for (const [i, id] of ids.entries())
      if (told[i] === false) blank.add(id);
      else blank.delete(id);
    if (isBlind) throw new Error('the engine measures none of its containers, as `docker stats` shows');
  }
}

/** Asks an engine for each container once, whoever wants to know: processor and memory come with the same answer. */
export function askedOnce(engine: Usage): Usage['usage'] {
  const asked = new Map<string, ReturnType<Usage['usage']>>();
  return (id) => {
    const usage = asked.get(id) ?? engine.usage(id);
    asked.set(id, usage);
    return usage;
  };
}
