import type { DocumentNode, Property } from '../../source/document.ts';
import type { Range } from '../../span.ts';
import type { ScaleSpec, ScaleStep } from '../scale-spec.ts';
import type { WrittenContainer } from '../container-spec.ts';
import type { Reader } from './reader.ts';
import { readHours } from './scale-hours.ts';
import { readSources } from './scale-sources.ts';

const MOST = 1000;

/** How fast the number follows where nothing is written: quickly up, one at a time and slowly down. */
const UP: ScaleStep = { step: 4, afterMs: 30_000 };
const DOWN: ScaleStep = { step: 1, afterMs: 300_000 };
const COOLDOWN_MS = 60_000;

/** What the rest of a container says that `scale` depends on. */
export type Scaled = Pick<WrittenContainer, 'name' | 'mode' | 'count' | 'countRange'> & {
  /** Whether `containers` is written. */
  readonly isCounted: boolean;
};

/** Reads `scale`; null when absent, or so wrong that nothing can follow it. Codes: STK333, and those of its values. */
export function readScale(field: Property | undefined, container: Scaled, reader: Reader): ScaleSpec | null {
  if (field === undefined) return null;
  const { problems } = reader;
  const fields = reader.fields(field.value);
  const node = (key: string) => fields.get(key)?.value;
  if (container.mode !== 'auto')
    problems.error(
      'STK326',
      `\`scale\` is only for \`deploy: auto\`, not \`${container.mode}\``,
      field.keyRange,
      {
        help:
          container.mode === 'cron'
            ? 'take it out: `cron.overlap` says how many runs there may be at once'
            : 'take it out, or write `deploy: auto`: what is `manual` is never changed by itself',
      },
    );
  const min = reader.integer(node('min'), 1, MOST) ?? 1;
  const max = reader.integer(node('max'), 1, MOST);
  const maxRange = node('max')?.range ?? field.keyRange;
  if (!fields.has('max') && field.value.kind === 'object')
    problems.error('STK333', '`scale` has no `max`', field.keyRange, {
      help: 'write the greatest number of instances that the machine can carry, such as `max: 8`',
    });
  if (max !== null && min > max)
    problems.error('STK333', `\`min\` ${min} is more than \`max\` ${max}`, node('min')?.range ?? maxRange, {
      related: [{ range: maxRange, message: `\`max: ${max}\`` }],
      help: `write \`max: ${min}\` or more, or a lesser \`min\``,
    });
  else if (max !== null) checkCount(container, { min, max, range: field.keyRange }, reader);
  const limits = { min, max: max ?? MOST };
  const schedule = readHours(node('schedule'), limits, reader);
  const sources = readSources(fields, field.keyRange, reader);
  return {
    range: field.keyRange,
    min,
    max: Math.max(min, max ?? min),
    maxRange,
    sources,
    pace: {
      up: readStep(node('up'), UP, reader),
      down: readStep(node('down'), DOWN, reader),
      cooldownMs: reader.durationMs(node('cooldown')) ?? COOLDOWN_MS,
    },
    schedule,
  };
}

/** A written `containers` is how many there are at first. */
function checkCount(
  { name, count, countRange, isCounted }: Scaled,
  { min, max, range }: { readonly min: number; readonly max: number; readonly range: Range },
  { problems }: Reader,
): void {
  if (!isCounted || (count >= min && count <= max)) return;
  problems.error(
    'STK333',
    `\`${name}\` begins with ${count} instances, and \`scale\` allows ${min} to ${max}`,
    countRange,
    {
      related: [{ range, message: '`scale`' }],
      help: `write ${min} to ${max}, or take \`containers\` out: then it begins with ${min}`,
    },
  );
}

function readStep(node: DocumentNode | undefined, absent: ScaleStep, reader: Reader): ScaleStep {
  if (node === undefined) return absent;
  const fields = reader.fields(node);
  return {
    step: reader.integer(fields.get('step')?.value, 1, MOST) ?? absent.step,
    afterMs: reader.durationMs(fields.get('after')?.value) ?? absent.afterMs,
  };
}
