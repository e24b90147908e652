import { EngineError, type ContainerUsage } from '../engine.ts';

/**
 * What the answer of GET /containers/{id}/stats tells of a container: null for one that does not run, and where the engine cannot
 * tell, which it says by a time before all times.
 */
export function usageOf(answer: unknown): ContainerUsage | null {
  const { read, cpu_stats: cpu, memory_stats: memory } = fields(answer);
  const atMs = typeof read === 'string' ? Date.parse(read) : Number.NaN;
  const cpuNs = fields(fields(cpu)['cpu_usage'])['total_usage'];
  const cpus = fields(cpu)['online_cpus'];
  if (!(atMs > 0) || typeof cpuNs !== 'number') return null;
  const { usage, limit, stats } = fields(memory);
  const kept = fields(stats);
  // What the kernel may drop at any time, as docker's own client leaves it out: of cgroups 1, or 2.
  const cache = kept['total_inactive_file'] ?? kept['inactive_file'];
  const isMeasured = typeof usage === 'number' && typeof limit === 'number' && limit > 0;
  return {
    atMs,
    cpuNs,
    cpus: typeof cpus === 'number' && cpus > 0 ? cpus : null,
    memory: isMeasured
      ? { bytes: Math.max(0, usage - (typeof cache === 'number' ? cache : 0)), limit }
      : null,
  };
}

/** Whether an engine refuses to measure what does not run, or is gone. */
export function isNotMeasured(error: unknown): boolean {
  return error instanceof EngineError && (error.status === 404 || error.status === 409);
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- whatever an object holds is asked for its type where it is read
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
