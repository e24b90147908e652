import type { ContainerSpec } from '../spec/container-spec.ts';
import type { Problems } from '../spec/problems.ts';
import type { Template } from '../spec/template.ts';
import type { Range } from '../span.ts';
import { normalizePath } from '../spec/values/volume.ts';
import { agentVolumePath } from '../plan/agent-spec.ts';
import { SOCKET_HOLE, generationSocketName, type SocketSpec } from './desired-state.ts';
import type { Expander } from './expander.ts';
import type { MountSpec } from './instance-spec.ts';

/** `sun_path` of unix(7), less the zero at its end. */
const LONGEST = 107;

/** Longer than any stack lives: a path must not become too long after years. */
const HIGHEST_GENERATION = 999_999;

/** A container's socket path: a template, written or found in the command. */
export interface SocketSource {
  readonly template: Template;
  readonly inferred: boolean;
}

/**
 * The written socket, else the one that the command shows: exactly one path that ends in `.sock`, contains `%{app_name}`
 * and lies in a data volume of the container.
 */
export function socketSource(container: ContainerSpec, mounts: readonly MountSpec[]): SocketSource | null {
  if (container.socket !== null) return { template: container.socket, inferred: false };
  if (container.mode === 'cron') return null;
  const found = new Map<string, Template>();
  for (const word of container.command ?? []) {
    for (const path of socketPaths(word)) {
      const text = path.parts
        .map((part) => (part.kind === 'text' ? part.text : `%{${'name' in part ? part.name : ''}}`))
        .join('');
      if (normalizePath(text) === text && isInDataVolume(coveringMount(text, mounts))) found.set(text, path);
    }
  }
  const [only, second] = found.values();
  return only === undefined || second !== undefined ? null : { template: only, inferred: true };
}

/** Stands for `%{app_name}` in a text that is searched; no argument can hold it. */
const APP_NAME = '\0';

/** The paths of one word that end in `.sock` and contain `%{app_name}`. */
function socketPaths(word: Template): readonly Template[] {
  if (!word.parts.some((part) => part.kind === 'name' && part.name === 'app_name')) return [];
  const text = word.parts
    .map((part) => {
      if (part.kind === 'text') return part.text;
      return part.kind === 'name' && part.name === 'app_name' ? APP_NAME : ' ';
    })
    .join('');
  return [...text.matchAll(/\/[^\s:="',;|]*\.sock(?![\w.\-/])/g)].flatMap(([match]) => {
    if (!match.includes(APP_NAME)) return [];
    // `unix:///run/app.sock` names the path after two of its slashes.
    const pieces = match.replace(/^\/+/, '/').split(APP_NAME);
    const parts = pieces.flatMap((piece, i): Template['parts'] => [
      ...(i === 0 ? [] : [{ kind: 'name', name: 'app_name', start: 0, end: 0 } as const]),
      { kind: 'text', text: piece, start: 0, end: 0 },
    ]);
    return [{ parts, place: word.place }];
  });
}

/** Where one instance's socket lies; null when that is a problem, or not known. Its words have yet to say that it can move. */
export function placeSocket(
  source: SocketSource,
  container: ContainerSpec,
  instance: { readonly index: number; readonly engineName: string },
  mounts: readonly MountSpec[],
  expander: Expander,
): SocketSpec | null {
  const { problems } = expander;
  const { range } = source.template.place;
  const scope = { application: container.application, container: container.name, index: instance.index };
  const published = expander.expand(source.template, scope);
  if (published === null) return null;
  if (normalizePath(published) !== published || published === '/') {
    problems.error('STK322', `\`${published}\` is not an absolute path of a socket`, range, {
      help: 'write a path such as `/var/run/socks/%{app_name}.sock`',
    });
    return null;
  }
  const mount = coveringMount(published, mounts);
  if (!isInDataVolume(mount)) {
    problems.error(
      'STK322',
      `the socket \`${published}\` lies in no data volume of \`${container.name}\``,
      range,
      {
        help: 'put it into a path of `data_volumes`, and name that data volume in `volumes_from`',
      },
    );
    return null;
  }
  if (mount.readOnly) {
    problems.error(
      'STK322',
      `the socket \`${published}\` lies in a data volume that is mounted read-only`,
      range,
      {
        help: `mount \`${mount.dataVolume}\` writable: without \`:ro\``,
      },
    );
    return null;
  }
  if (mount.type === 'bind') {
    problems.error(
      'STK322',
      `the socket \`${published}\` lies in \`${mount.source}\`, a folder of the host`,
      range,
      {
        help: 'an earlier container holds the data volume there; the socket needs a volume: name another data volume',
      },
    );
    return null;
  }
  const directory = published.slice(0, published.lastIndexOf('/'));
  const volumePath = directory.slice(mount.target.length + 1);
  const own = generationSocketName(instance.engineName, HIGHEST_GENERATION);
  const paths = [published, `${directory}/${own}`, `${agentVolumePath(mount.source, volumePath)}/${own}`];
  for (const path of paths) if (!checkLength(path, range, problems)) return null;
  return {
    published,
    directory,
    volume: mount.source,
    volumePath,
    inferred: source.inferred,
    movable: false,
  };
}

function checkLength(path: string, range: Range, problems: Problems): boolean {
  // No character has more than three bytes a UTF-16 unit, and counting them ten thousand times takes its time.
  if (path.length * 3 <= LONGEST) return true;
  const bytes = /^[ -~]*$/.test(path) ? path.length : new TextEncoder().encode(path).length;
  if (bytes <= LONGEST) return true;
  problems.error('STK323', `\`${path}\` has ${bytes} bytes, and a socket's path at most ${LONGEST}`, range, {
    help: 'choose a shorter mount path, stack, application or container name',
  });
  return false;
}

function isInDataVolume(mount: MountSpec | undefined): mount is MountSpec & { readonly dataVolume: string } {
  return mount !== undefined && mount.dataVolume !== null;
}

/** The mount that a path lies in: the deepest one. */
function coveringMount(path: string, mounts: readonly MountSpec[]): MountSpec | undefined {
  let deepest: MountSpec | undefined;
  for (const mount of mounts) {
    if (path.startsWith(`${mount.target}/`) && mount.target.length > (deepest?.target.length ?? 0))
      deepest = mount;
  }
  return deepest;
}

/**
 * Puts the hole where a text names the published path: the whole path, not the end of a longer one (`/host/run/a.sock`) nor
 * the start of one (`/run/a.sock.pid`). A flag right before it (`-l/run/a.sock`) is none of its business.
 */
export function digHole(text: string, published: string | null): string {
  if (published === null || !text.includes(published)) return text;
  let result = '';
  let from = 0;
  for (let at = text.indexOf(published); at !== -1; at = text.indexOf(published, at + published.length)) {
    const end = at + published.length;
    const before = /[\w.\-/]*$/.exec(text.slice(from, at))?.[0] ?? '';
    // The slashes of `unix:///run/a.sock` are no folder before it.
    const starts = !before.includes('/') || /^\/+$/.test(before);
    if (!starts || /[\w.\-/]/.test(text.charAt(end))) continue;
    result += text.slice(from, at) + SOCKET_HOLE;
    from = end;
  }
  return result + text.slice(from);
}
