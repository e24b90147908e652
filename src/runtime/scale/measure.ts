import type { Reading } from '../../compiler/scale/reading.ts';
import type { ReportedSource } from '../../compiler/scale/report.ts';
import type { MeasuredSource, ScaleEntry } from '../../compiler/scale/roster.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import type { Clock } from '../clock.ts';
import { wordsOf } from '../cron/outage.ts';
import { EngineError, type Engine } from '../engine.ts';
import { runExec } from '../perform/run-exec.ts';
import type { CpuMeter } from './cpu-meter.ts';
import { haproxyLoad } from './haproxy-stats.ts';

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

/** How long a command is left alone that did not end in time, twice as long each time: it may run on in its container, and so may the next. */
const LATE_MS = { first: 60_000, longest: 60 * 60_000 };

/** What is remembered from one look to the next. */
export interface MeasureMemory {
  readonly meter: CpuMeter;
  /** Until when a command is not run, and how long that is, by where and what it is. */
  readonly late: Map<string, { readonly untilMs: number; readonly waitMs: number }>;
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
  { meter, late }: MeasureMemory,
): Promise<Total> {
  // Of what belongs to nobody, each that serves has its part; where nobody does, all of it waits for the first.
  const shared = (total: number): Total => ({ total, of: Math.max(1, serving.length), missing: 0 });
  switch (source.kind) {
    case 'cpu':
      return sum(serving, (id) => meter.percent(id, cpus, world.engine));
    case 'memory':
      return sum(serving, async (id) => {
        const memory = (await world.engine.usage(id))?.memory ?? null;
        return memory === null ? null : (100 * memory.bytes) / memory.limit;
      });
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
      return shared(await numberOf(runner, source, world, late));
    default:
      return unreachable(source);
  }
}

async function sum(serving: Serving, each: (id: string) => Promise<number | null>): Promise<Total> {
  const values = await Promise.all(serving.map(each));
  const known = values.filter((value) => value !== null);
  return {
    total: known.reduce((all, value) => all + value, 0),
    of: known.length,
    missing: values.length - known.length,
  };
}

/** The last line of a command that is a number, and not below 0. What else it says may be secret. */
async function numberOf(
  id: string,
  { command, timeoutMs }: Extract<MeasuredSource, { readonly kind: 'command' }>,
  { engine, clock }: MeasureWorld,
  late: MeasureMemory['late'],
): Promise<number> {
  const key = [id, ...command].join('\0');
  const before = late.get(key);
  if (before !== undefined && before.untilMs > clock.now()) throw new Error(tooLate(timeoutMs));
  const { code, output } = await runExec(engine, clock, id, command, timeoutMs).catch((error: unknown) => {
    if (!(error instanceof EngineError) || error.kind !== 'timeout') throw error;
    const waitMs = before === undefined ? LATE_MS.first : Math.min(LATE_MS.longest, 2 * before.waitMs);
    late.set(key, { untilMs: clock.now() + waitMs, waitMs });
    throw new Error(tooLate(timeoutMs));
  });
  late.delete(key);
  if (code === 126 || code === 127) throw new Error('there is no such command in the container');
  if (code !== 0) throw new Error(`the command ended with code ${code}`);
  const line = output.findLast((one) => /^\s*\d+(?:\.\d+)?(?:e\+?\d+)?\s*$/i.test(one));
  if (line === undefined) throw new Error('the command printed no number');
  const number = Number(line);
  if (!Number.isFinite(number)) throw new Error('the command printed a number that is too large');
  return number;
}

function tooLate(timeoutMs: number): string {
  return `the command did not end within ${timeoutMs / 1000} s`;
}

function nameOf(source: MeasuredSource): string {
  return source.kind === 'waiting' || source.kind === 'lists' ? 'queue' : source.kind;
}
