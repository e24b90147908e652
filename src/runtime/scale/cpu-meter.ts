import type { Engine } from '../engine.ts';

/** How much of the processor containers use: what they have used since they were looked at last. */
export class CpuMeter {
  #before = new Map<string, { readonly atMs: number; readonly cpuNs: number }>();

  /**
   * In percent of what one may use, `cpus` of it, or the whole machine (null). Null at the first look, and where the engine
   * cannot tell.
   */
  async percent(id: string, cpus: number | null, engine: Pick<Engine, 'usage'>): Promise<number | null> {
    const usage = await engine.usage(id);
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

  /** Forgets all but these. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#before.keys()) if (!ids.has(id)) this.#before.delete(id);
  }
}
