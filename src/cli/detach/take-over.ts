import { SourceFile } from '../../compiler/source/source-file.ts';
import { applyWalk, walkApply } from '../apply-walk.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import { writeData } from '../output.ts';
import { planLoaded } from '../plan-stack.ts';
import { filesBytes } from '../revisions/store.ts';
import { compileSource } from '../stack-file.ts';
import { begunLine, type Handed } from './handed.ts';

/** `stack take-over`, which no user types: goes on with an apply that was handed over on standard input. */
export async function takeOver(context: CommandContext): Promise<number> {
  const handed = await read(context);
  const { name, source, selection, migrations, hooks, begin, again, prove, lockTimeoutS, engineSocket } =
    handed;
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
    skipHooks: !hooks,
    askRegistry: false,
    offline: false,
    given: {
      inputs: () => Promise.resolve(inputs),
      migrations,
      goesOn: begin.command === 'resume',
      goesBack: begin.command === 'rollback' || begin.command === 'abort',
      engineSocket,
    },
  });
  if (JSON.stringify(planned.plan.nodes) !== JSON.stringify(handed.nodes))
    throw new CommandFailure(
      exitCode.failed,
      `stack \`${name}\` has changed since this plan was made; nothing was done`,
      'run the command again: it shows what is to be done now',
    );
  const auth = (reference: string) => Promise.resolve(handed.auth[reference] ?? null);
  const as = { begin, selection: { ...selection, migrations }, again, observedAtMs, lockTimeoutS };
  const onBegin = (revision: number | null): void =>
    writeData(context, `${begunLine(begin.command, revision)}\n`);
  const walk = { ...(await applyWalk(context, { ...planned, auth }, as)), onBegin };
  return walkApply(context, walk, prove === null ? null : { ...prove, url: new URL(prove.url) });
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
