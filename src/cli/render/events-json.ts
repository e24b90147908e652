import type { PlanNode } from '../../compiler/plan/plan.ts';
import type { ExecutionEvent } from '../../runtime/execution-event.ts';
import { OUTPUT_FORMAT_VERSION } from './diagnostics-json.ts';
import { snakeCase } from './snake-case.ts';

/** An event as one JSON object: times as ISO 8601, what they took in whole milliseconds, a node by its id, group and operation. */
export function eventJson(event: ExecutionEvent): object {
  const { type, atMs, ...rest } = event;
  const fields = Object.fromEntries(
    Object.entries(rest).map(([key, value]: readonly [string, unknown]) => [
      key,
      fieldJson(key, 'node' in rest && value === rest.node ? nodeJson(rest.node) : value),
    ]),
  );
  return {
    format_version: OUTPUT_FORMAT_VERSION,
    type,
    at: new Date(atMs).toISOString(),
    ...Object.fromEntries(Object.entries(fields).map(([key, value]) => [snakeKey(key), snakeCase(value)])),
  };
}

function fieldJson(key: string, value: unknown): unknown {
  return key === 'tookMs' && typeof value === 'number' ? Math.round(value) : value;
}

function nodeJson({ id, group, op, reason }: PlanNode): object {
  return { id, group, op, reason };
}

function snakeKey(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
