import { expect, test } from 'vitest';

import { askedGate } from '../../src/cli/asked-gate.ts';
import type { CommandGate, HttpGate } from '../../src/compiler/desired/desired-state.ts';
import type { RecordedSpec } from '../../src/compiler/desired/instance-spec.ts';
import type { ObservedContainer } from '../../src/compiler/observed/observed-state.ts';
import { desiredState, settled, type ContainerSketch } from '../support/desired.ts';

const http = (port: number): HttpGate => ({
  kind: 'http',
  over: { port },
  path: '/',
  status: [[200, 299]],
  timeoutMs: 1000,
  intervalMs: 50,
  limitMs: 60_000,
});
const command: CommandGate = {
  kind: 'command',
  command: ['pg_isready'],
  timeoutMs: 1000,
  intervalMs: 500,
  limitMs: 60_000,
};

const made: ContainerSketch = { name: 'app', env: { PORT: '3000' }, gate: http(3000) };
const moved: ContainerSketch = { name: 'app', env: { PORT: '4000' }, gate: http(4000) };

interface Given {
  readonly wanted: ContainerSketch;
  readonly recorded: RecordedSpec['gate'];
  readonly phase?: ObservedContainer['phase'];
}

/** What a generation made as `made` is asked. */
function asked({ wanted, recorded, phase = 'current' }: Given) {
  const [container] = desiredState([wanted]).containers;
  const [seen] = settled(desiredState([made])).containers;
  if (container === undefined || !seen?.spec) throw new Error('nothing was made');
  const spec: RecordedSpec = { ...seen.spec, ...(recorded === undefined ? {} : { gate: recorded }) };
  return askedGate({ ...seen, spec, phase }, spec, { container, instance: container.template });
}

test.each<[string, Given, ReturnType<typeof asked>]>([
  [
    'one that waits for its replacement: on its own port',
    { wanted: moved, recorded: http(3000) },
    http(3000),
  ],
  [
    'one of which only the question was written anew: the new one',
    { wanted: { ...made, gate: { ...http(3000), path: '/ping' } }, recorded: http(3000) },
    { ...http(3000), path: '/ping' },
  ],
  ['one that was replaced: its own', { wanted: made, recorded: http(3001), phase: 'old' }, http(3001)],
  ['one that could not be asked when it was made: nothing', { wanted: moved, recorded: null }, null],
  ['one with a command: the command', { wanted: { ...moved, gate: command }, recorded: null }, command],
  ['one of an earlier version: what the file says', { wanted: moved, recorded: undefined }, http(4000)],
])('%s', (_, given, gate) => {
  expect(asked(given)).toEqual(gate);
});
