import { RELEASE_HOLE, SOCKET_HOLE } from '../compiler/desired/desired-state.ts';
import { shortId } from '../compiler/short-id.ts';
import type { Engine } from '../runtime/engine.ts';
import type { ApplyBegin } from '../runtime/journal/apply-journal.ts';
import { deliver } from '../runtime/notify/deliver.ts';
import type { DeployResult } from '../runtime/notify/deploy-result.ts';
import { messageOf, type Told } from '../runtime/notify/message.ts';
import type { CommandContext } from './io.ts';
import { writeNote } from './output.ts';

/** What an apply was. */
export interface Applied {
  readonly stack: string;
  readonly engine: Pick<Engine, 'inspectImage'>;
  readonly begin: ApplyBegin;
  readonly revision: number | null;
  readonly startedAtMs: number;
}

/** Tells everybody who wants to know what came of an apply, all at once. Whatever fails is a warning; a signal ends it. */
export async function notifyAll(
  context: CommandContext,
  results: readonly DeployResult[],
  applied: Applied,
): Promise<void> {
  const stop = new AbortController();
  const letGo = context.io.onSignal(() => stop.abort());
  try {
    await Promise.all(results.map((result) => notify(context, result, applied, stop.signal)));
  } finally {
    letGo();
  }
}

async function notify(
  context: CommandContext,
  { container, event, instances, error }: DeployResult,
  { stack, engine, begin, revision, startedAtMs }: Applied,
  stop: AbortSignal,
): Promise<void> {
  const { clock } = context.io;
  const { application, name, image, template } = container;
  const found = await engine.inspectImage(image.id ?? image.reference).catch(() => null);
  const release = found === null ? null : shortId(found.id);
  const told: Told = {
    event,
    stack,
    application,
    container: name,
    instances,
    command: begin.command,
    revision,
    image: image.reference,
    release,
    commit: begin.git?.commit ?? null,
    user: begin.user,
    host: begin.host,
    finished_at: new Date(clock.now()).toISOString(),
    took_ms: Math.round(clock.now() - startedAtMs),
    error,
  };
  const own = new Map(template.env.map(({ name: variable, value }) => [variable, value]));
  const variable = (wanted: string): string | null => {
    const value = own.get(wanted) ?? fromImage(found?.config.env ?? [], wanted);
    return value?.includes(SOCKET_HOLE) === true
      ? null
      : (value?.replaceAll(RELEASE_HOLE, release ?? '') ?? null);
  };
  await Promise.all(
    container.notifications.map(async (to) => {
      const why = await deliver(messageOf(to, told, variable), clock, stop);
      if (why === null) writeNote(context, `${to.kind} is told of ${application}/${name}: ${event}`);
      else writeNote(context, `warning: ${to.kind} could not be told of ${application}/${name}: ${why}`);
    }),
  );
}

function fromImage(env: readonly string[], name: string): string | null {
  return env.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
}
