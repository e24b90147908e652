import type { Reading } from '../../compiler/scale/reading.ts';
import type { ReportedSource } from '../../compiler/scale/report.ts';
import type { MeasuredSource, ScaleEntry } from '../../compiler/scale/roster.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import type { Clock } from '../clock.ts';
import { wordsOf } from '../cron/outage.ts';
import type { Engine } from '../engine.ts';
import { CommandNumbers } from './command-numbers.ts';
import { haproxyLoad } from './haproxy-stats.ts';
import { UsageMeter } from './usage-meter.ts';

/** Where a Redis and a haproxy answer within milliseconds. */
const ANSWER_MS = 5_000;

/** What measuring takes. */
export interface MeasureWorld {
  readonly engine: Pick<Engine, 'usage' | 'exec'>;
  readonly clock: Clock;
  /** The answer of a haproxy to `show stat`, at a path. */
  readonly haproxyStats: (path: string) => Promise<string>;
  /** How much is in lists of a Redis. */
  readonly redisLength: (
    ask: Pick<Extract<MeasuredSource, { kind: 'lists' }>, 'host' | 'port' | 'password' | 'lists'> & {
      readonly timeoutMs: number;
    },
  ) => Promise<number>;
}

/** What is remembered from one look to the next. */
export class MeasureMemory {
  readonly usage = new UsageMeter();
  readonly commands = new CommandNumbers();

  /** Forgets all containers but these. */
  keep(ids: ReadonlySet<string>): void {
    this.usage.keep(ids);
    this.commands.keep(ids);
  }
}

/** An instance that serves: its container's id. */
export type Serving = readonly string[];

/** What came of one source, for the policy and for people. */
export interface Measured {
  readonly reading: Reading;
  readonly reported: ReportedSource;
}

/** Measures one source of a container; what cannot be measured says why, and never rejects. `runner`: where a command runs. */
export async function measure(
  source: MeasuredSource,
  entry: Pick<ScaleEntry, 'cpus'>,
  { serving, runner }: { readonly serving: Serving; readonly runner: string | null },
  world: MeasureWorld,
  memory: MeasureMemory,
): Promise<Measured> {
  const { target } = source;
  const unit = source.kind === 'cpu' || source.kind === 'memory' ? '%' : '';
  const named = { name: nameOf(source), target, unit } as const;
  try {
    const { total, of, missing } = await totalOf(source, entry, { serving, runner }, world, memory);
    const value = of === 0 ? null : total / of;
    return {
      reading: { target, total: value === null ? null : total, missing },
      reported: { ...named, value, why: value === null ? 'nobody could be measured yet' : null },
    };
  } catch (error) {
    const why = wordsOf(error);
    return { reading: { target, total: null, missing: 0 }, reported: { ...named, value: null, why } };
  }
}

/** All of it, over how many, and how many are missing in it. */
interface Total {
  readonly total: number;
  readonly of: number;
  readonly missing: number;
}

async function totalOf(
  source: MeasuredSource,
  { cpus }: Pick<ScaleEntry, 'cpus'>,
  { serving, runner }: { readonly serving: Serving; readonly runner: string | null },
  world: MeasureWorld,
  { usage, commands }: MeasureMemory,
): Promise<Total> {
  // Of what belongs to nobody, each that serves has its part; where nobody does, all of it waits for the first.
  const shared = (total: number): Total => ({ total, of: Math.max(1, serving.length), missing: 0 });
  switch (source.kind) {
    case 'cpu':
      return sum(await usage.cpu(serving, cpus, world.engine));
    case 'memory':
      return sum(await usage.memory(serving, world.engine));
    case 'requests':
    case 'waiting': {
      if (source.why !== null) throw new Error(source.why);
      const loads = await Promise.all(
        source.sockets.map(async ({ path, listed }) => haproxyLoad(await world.haproxyStats(path), listed)),
      );
      return shared(
        loads.reduce((all, load) => all + (source.kind === 'requests' ? load.sessions : load.waiting), 0),
      );
    }
    case 'lists': {
      const { host, port, password, lists } = source;
      return shared(await world.redisLength({ host, port, password, lists, timeoutMs: ANSWER_MS }));
    }
    case 'command':
      if (runner === null) throw new Error('no container runs for its command');
      return shared(await commands.number(runner, source, world));
    default:
      return unreachable(source);
  }
}

function sum(values: readonly (number | null)[]): Total {
  const known = values.filter((value) => value !== null);
  return {
    total: known.reduce((all, value) => all + value, 0),
    of: known.length,
    missing: values.length - known.length,
  };
}

function nameOf(source: MeasuredSource): string {
  return source.kind === 'waiting' || source.kind === 'lists' ? 'queue' : source.kind;
}
