import { rows } from '../stack-cli.ts';
import type { CrashScene } from './scene.ts';
import { entriesOf } from './volumes.ts';

interface Inspected {
  readonly Name: string;
  readonly State: { readonly Status: string };
  readonly ExecIDs: readonly string[] | null;
  readonly HostConfig: { readonly RestartPolicy: { readonly Name: string } };
  readonly Config: {
    readonly Labels: Readonly<Record<string, string>>;
    readonly Env: readonly string[];
    readonly Image: string;
  };
}

/**
 * All that is on the engine but for other stacks of these tests, a line each: containers, networks, volumes, entries beside
 * the sockets, processes of the agent. The number of a generation that is current stands there as `N`.
 */
export async function shapeOf(scene: CrashScene): Promise<readonly string[]> {
  const { engine, name } = scene;
  const isHere = (its: string) =>
    !/^crash-\w/.test(its) || its === name || its.startsWith(`${name}-`) || its.startsWith(`${name}.`);
  const listed = rows(await engine.docker('ps', '-a', '--format', '{{.ID}} {{.Names}}'))
    .map((line) => line.split(' '))
    .filter(([, its = '']) => isHere(its));
  const ids = listed.map(([id = '']) => id);
  const inspected = ids.length === 0 ? '[]' : await engine.docker('inspect', ...ids);
  const all = JSON.parse(inspected) as readonly Inspected[];
  const containers = all.filter((one) => !isKept(one));
  const generations = new Map(
    containers.map(({ Name, Config }) => [Name.slice(1), Config.Labels['io.stackc.generation'] ?? '']),
  );
  const anonymous = (text: string) =>
    text.replace(/\.([\w-]+)\.(\d+)\b/g, (whole, of: string, n: string) =>
      generations.get(of) === n ? `.${of}.N` : whole,
    );
  const agent = containers.find(({ Name }) => Name === `/${name}-agent`);
  const processes =
    agent?.State.Status === 'running'
      ? rows(await engine.docker('top', `${name}-agent`, '-o', 'pid,args'))
          .slice(1)
          .map((line) => line.trim().replace(/^\d+ +/, ''))
      : [];
  const sockets = entriesOf(engine.filesOf(scene.volume('socks-var-lib-haproxy-socks')));
  const lines = [
    ...containers.map(
      ({ Name, State, HostConfig, Config, ExecIDs }) =>
        `container ${Name.slice(1)} ${State.Status} ${HostConfig.RestartPolicy.Name} ${Config.Image}` +
        (ExecIDs === null || Name !== `/${name}-agent` ? '' : ` with ${ExecIDs.length} sessions`),
    ),
    ...rows(await engine.docker('network', 'ls', '--format', '{{.Name}}'))
      .filter(isHere)
      .map((one) => `network ${one}`),
    ...rows(await engine.docker('volume', 'ls', '-q'))
      .filter(isHere)
      .map((one) => `volume ${one}`),
    ...sockets.map((entry) => `socket ${anonymous(entry)}`),
    ...processes.map((words) => `agent runs ${words}`),
  ];
  return lines.sort();
}

/**
 * What an apply is made from is kept, as often as there were applies, up to a limit; `begun` until another one begins where it was
 * cut off when all was done.
 */
function isKept({ State, Config }: Inspected): boolean {
  const role = Config.Labels['io.stackc.role'];
  return State.Status === 'created' && (role === 'image' || role === 'revision');
}
