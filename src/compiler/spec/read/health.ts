import type { DocumentNode } from '../../source/document.ts';
import type { HealthSpec } from '../container-spec.ts';
import { parseStatus } from '../values/http-status.ts';
import type { Fields, Reader } from './reader.ts';
import { readProgram } from './words.ts';

/** Reads `health`; null when it is absent or asks in two ways at once. */
export function readHealth(node: DocumentNode | undefined, reader: Reader): HealthSpec | null {
  if (node === undefined) return null;
  const fields = reader.fields(node);
  const ask = readAsk(fields, reader);
  if (ask === null) return null;
  const retries = fields.get('retries');
  const count = reader.integer(retries?.value, 1, 1000);
  return {
    range: node.range,
    ask,
    port: reader.integer(fields.get('port')?.value, 1, 65_535),
    timeoutMs: someTime(fields.get('timeout')?.value, reader),
    intervalMs: someTime(fields.get('interval')?.value, reader),
    startPeriodMs: reader.durationMs(fields.get('start_period')?.value),
    retries: retries === undefined || count === null ? null : { count, range: retries.keyRange },
  };
}

/** A duration above zero: no answer comes in no time, and no pause would be a flood. */
function someTime(node: DocumentNode | undefined, reader: Reader): number | null {
  const ms = reader.durationMs(node);
  if (ms !== 0 || node === undefined) return ms;
  reader.problems.error('STK319', 'this must be longer than nothing', node.range, {
    help: 'write `2s` or `50ms`',
  });
  return null;
}

function readAsk(fields: Fields, reader: Reader): HealthSpec['ask'] | null {
  const command = fields.get('command');
  const tcp = reader.flag(fields.get('tcp')?.value) === true ? fields.get('tcp') : undefined;
  const http = fields.get('path') ?? fields.get('status');
  const port = fields.get('port');
  const first = command ?? tcp;
  const second = command === undefined ? http : (tcp ?? http ?? port);
  if (first !== undefined && second !== undefined) {
    reader.problems.error(
      'STK326',
      `\`${second.key}\` and \`${first.key}\` are two ways to ask`,
      second.keyRange,
      {
        help: 'keep one: `path` (HTTP), `tcp` or `command`',
        related: [{ range: first.keyRange, message: 'the other one' }],
      },
    );
    return null;
  }
  if (command !== undefined) {
    const words = readProgram(command.value, 'run', reader);
    return words === null ? null : { kind: 'command', command: words };
  }
  if (tcp !== undefined) return { kind: 'tcp' };
  const statuses = reader
    .texts(fields.get('status')?.value, 'written')
    .flatMap(({ text, place }) => {
      const status = parseStatus(text);
      if (status.ok) return status.value;
      reader.problems.inText('STK332', place, status.problem);
      return [];
    })
    .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  return {
    kind: 'http',
    path: reader.template(fields.get('path')?.value, 'stored'),
    status: statuses.length === 0 ? null : statuses,
  };
}
