import { randomUUID } from 'node:crypto';

import { agentName } from '../../compiler/reconcile/agents.ts';
import { newestKept } from '../../compiler/revision/kept-revisions.ts';
import { SourceFile } from '../../compiler/source/source-file.ts';
import { leaseOptions } from '../apply-begin.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import { writeData } from '../output.ts';
import { planLoaded } from '../plan-stack.ts';
import { keepOptions } from '../revisions/keep-options.ts';
import { filesBytes, storedRevision } from '../revisions/store.ts';
import { compileSource } from '../stack-file.ts';
import { walkPlan } from '../walk-plan.ts';
import { BEGUN, type Handed } from './handed.ts';

/** `stack take-over`, which no user types: goes on with an apply that was handed over on standard input. */
export async function takeOver(context: CommandContext): Promise<number> {
  const handed = await read(context);
  const { name, source, selection, migrations, begin, prove, lockTimeoutS } = handed;
  const { io } = context;
  const observedAtMs = io.clock.now();
  const file = new SourceFile(source.path, source.text, source.format);
  const loaded = {
    source: file,
    spec: await compileSource(file, name),
    warnings: [],
    folder: io.cwd,
    fromStdin: true,
  };
  const connection = await context.connect();
  const inputs = { ...handed.inputs, files: filesBytes(handed.files) };
  const planned = await planLoaded(context, loaded, connection, {
    ...selection,
    askRegistry: false,
    offline: false,
    given: { inputs: () => Promise.resolve(inputs), migrations },
  });
  const { plan, observed, desired, journal } = planned;
  if (JSON.stringify(plan.nodes) !== JSON.stringify(handed.nodes))
    throw new CommandFailure(
      exitCode.failed,
      `stack \`${name}\` has changed since this plan was made; nothing was done`,
      'run the command again: it shows what is to be done now',
    );
  const applyId = randomUUID();
  const agent = agentName(name, 'stack');
  const stored = await storedRevision({ loaded, inputs }, { ...selection, migrations });
  const walk = {
    plan,
    desired,
    engine: connection.engine,
    auth: (reference: string) => Promise.resolve(handed.auth[reference] ?? null),
    secrets: Object.values(inputs.secrets).flatMap((secret) => ('value' in secret ? [secret.value] : [])),
    journal: { applyId, agent: null, begin, above: newestKept(observed.kept) },
    keep: keepOptions(
      { stack: name, stored, agent },
      {
        command: begin.command,
        keep: loaded.spec.keep,
        kept: observed.kept,
        records: (await journal?.()) ?? [],
      },
    ),
    lease: leaseOptions(context, applyId, begin, { agent, observedAtMs, timeoutMs: lockTimeoutS * 1000 }),
    wording: { completed: 'Applied', command: handed.again },
    onBegin: () => writeData(context, `${BEGUN}\n`),
  };
  if (prove === null) return walkPlan(context, walk);
  const { walkWithProof } = await import('../prove.ts');
  return walkWithProof(context, walk, { ...prove, url: new URL(prove.url) });
}

async function read({ io }: CommandContext): Promise<Handed> {
  const chunks: Buffer[] = [];
  for await (const chunk of io.stdin) chunks.push(Buffer.from(chunk));
  try {
    // The same version has written it.
    const handed: Handed = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    return handed;
  } catch {
    throw new CommandFailure(
      exitCode.failed,
      'what was handed over is not whole: whoever began it was cut off; nothing was done',
    );
  }
}
