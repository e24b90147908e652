import { JOB_FILE } from '../../compiler/cron/places.ts';
import type { Notification } from '../../compiler/desired/desired-state.ts';
import type { Engine } from '../engine.ts';
import { isRecord, parseJson } from '../parse-spec.ts';

/** Who is told of a job's runs. It holds secrets. */
export interface JobFile {
  /** Asked for after each run that succeeded; null: nobody waits for it. */
  readonly heartbeat: string | null;
  readonly onFailure: readonly Notification[];
}

const NOBODY: JobFile = { heartbeat: null, onFailure: [] };

/** Reads it in a template. Rejects with `EngineError`. */
export async function readJobFile(engine: Pick<Engine, 'fetchFile'>, template: string): Promise<JobFile> {
  const found = await engine.fetchFile(template, JOB_FILE);
  if (found?.kind !== 'file') return NOBODY;
  return jobFileFrom(parseJson(Buffer.from(found.content).toString('utf8'))) ?? NOBODY;
}

/** Null for what is none of this version. */
function jobFileFrom(value: unknown): JobFile | null {
  if (!isRecord(value) || value['version'] !== 1) return null;
  const { heartbeat, onFailure } = value;
  if (heartbeat !== null && typeof heartbeat !== 'string') return null;
  if (!Array.isArray(onFailure) || !onFailure.every(isNotification)) return null;
  return { heartbeat, onFailure };
}

function isNotification(value: unknown): value is Notification {
  if (!isRecord(value) || typeof value['url'] !== 'string') return false;
  switch (value['kind']) {
    case 'rollbar':
      return (
        typeof value['token'] === 'string' && isTextOrNull(value['envVar']) && isTextOrNull(value['revVar'])
      );
    case 'webhook':
      return isTextOrNull(value['secret']) && isHeaders(value['headers']);
    case 'slack':
      return isTextOrNull(value['channel']);
    default:
      return false;
  }
}

function isHeaders(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every(
      (pair) => Array.isArray(pair) && pair.length === 2 && pair.every((word) => typeof word === 'string'),
    )
  );
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string';
}
