import { PassThrough } from 'node:stream';

import type { CommandContext } from '../../../src/cli/io.ts';
import { everything, planLoaded, type PlannedStack } from '../../../src/cli/plan-stack.ts';
import type { LoadedSpec } from '../../../src/cli/stack-file.ts';
import { checkShape } from '../../../src/compiler/shape/check-shape.ts';
import { decode } from '../../../src/compiler/source/decode.ts';
import { parse } from '../../../src/compiler/source/parse.ts';
import { compile } from '../../../src/compiler/spec/compile.ts';
import type { Compiled } from '../../../src/compiler/diagnostic.ts';
import { execute } from '../../../src/runtime/execute.ts';
import type { ExecutionEvent } from '../../../src/runtime/execution-event.ts';
import type { Client } from './client.ts';
import { documentOf, type Sketch } from './sketch.ts';
import { journalOptions } from '../../support/world.ts';

// What the program loads when it needs it: time stands still only while nothing is read from a disk.
await Promise.all([
  import('../../../src/compiler/verdict/with-verdicts.ts'),
  import('../../../src/compiler/balancer/running.ts'),
  import('../../../src/runtime/read-balancers.ts'),
  import('../../../src/runtime/read-migrates.ts'),
  import('../../../src/runtime/journal/fetch-journal.ts'),
  import('../../../src/compiler/journal/times.ts'),
]);

/** Compiles a sketch as the command does. */
export function load(sketch: Sketch): LoadedSpec {
  const source = demand(decode('stack.json', new TextEncoder().encode(documentOf(sketch))));
  const document = demand(parse(source));
  const problems = checkShape(document);
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('\n'));
  return { source, spec: demand(compile(document)), warnings: [], folder: '/', fromStdin: false };
}

/** What `stack plan` does, as far as the engine sees it. */
export function plan(loaded: LoadedSpec, client: Client, include: readonly string[]): Promise<PlannedStack> {
  const connection = { engine: client.engine, remoteHost: null };
  const selection = { ...everything, allowRemoveAll: true, include };
  return planLoaded(contextOf(client), loaded, connection, selection);
}

/** What `stack apply` does with a plan. */
export async function walk(
  { plan: planned, desired, auth }: PlannedStack,
  client: Client,
  {
    applyId,
    ...signals
  }: { readonly applyId: string; readonly finish: AbortSignal; readonly stop: AbortSignal },
  buildAgent: () => void,
): Promise<readonly ExecutionEvent[]> {
  const events: ExecutionEvent[] = [];
  const { engine, agents, clock } = client;
  const how = {
    desired,
    engine,
    agents,
    buildAgent: async () => buildAgent(),
    auth,
    clock,
    journal: journalOptions(applyId),
    ...signals,
  };
  for await (const event of execute(planned, how)) events.push(event);
  return events;
}

function contextOf({ engine, clock }: Client): CommandContext {
  return {
    io: {
      stdin: new PassThrough(),
      stdout: new PassThrough(),
      stderr: new PassThrough(),
      env: { DOCKER_CONFIG: '/nowhere' },
      cwd: '/',
      clock,
      outputClosed: new AbortController().signal,
      connect: () => Promise.resolve({ engine, remoteHost: null }),
      onSignal: () => () => {},
      exit: () => {},
    },
    options: {
      name: null,
      context: null,
      host: null,
      yes: true,
      json: false,
      color: false,
      verbose: false,
      parallelism: 10,
    },
    connect: () => Promise.resolve({ engine, remoteHost: null }),
  };
}

function demand<T>(result: Compiled<T>): T {
  if (result.ok) return result.value;
  throw new Error(result.diagnostics.map(({ code, message }) => `${code} ${message}`).join('\n'));
}
