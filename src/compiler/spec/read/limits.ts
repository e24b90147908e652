import type { DocumentNode } from '../../source/document.ts';
import type { RestartPolicy } from '../../desired/instance-spec.ts';
import type { UlimitSpec } from '../../desired/runtime-options.ts';
import type { LimitSpec } from '../container-spec.ts';
import type { Template } from '../template.ts';
import { parsed, unparsed, type Parsed } from '../values/parsed.ts';
import { readEntries } from './environment.ts';
import type { Fields, Reader } from './reader.ts';

/** Reads what a container may use and do. */
export function readLimits(fields: Fields, reader: Reader): LimitSpec {
  const node = (key: string) => fields.get(key)?.value;
  return {
    memory: reader.template(node('memory'), 'stored'),
    cpus: reader.template(node('cpus'), 'stored'),
    shmSize: reader.template(node('shm_size'), 'stored'),
    readOnly: reader.flag(node('read_only')) ?? false,
    init: reader.flag(node('init')),
    tmpfs: pairs(node('tmpfs'), ':', reader),
    capAdd: capabilities(node('cap_add'), reader),
    capDrop: capabilities(node('cap_drop'), reader),
    ulimits: readUlimits(node('ulimits'), reader),
    sysctls: readEntries(node('sysctls'), 'stored', reader),
    devices: reader.templates(node('devices'), 'stored'),
    securityOpt: reader.templates(node('security_opt'), 'stored'),
    extraHosts: pairs(node('extra_hosts'), ':', reader),
  };
}

/** A list of `key:value` strings, or an object that says the same. */
function pairs(node: DocumentNode | undefined, separator: string, reader: Reader): readonly Template[] {
  if (node?.kind !== 'object') return reader.templates(node, 'stored');
  return readEntries(node, 'stored', reader).map(({ name, value }) => ({
    parts: [
      { kind: 'text', text: value.parts.length === 0 ? name : `${name}${separator}`, start: 0, end: 0 },
      ...value.parts,
    ],
    place: { range: value.place.range, exact: null },
  }));
}

/** `CAP_NET_ADMIN` and `net_admin` are the same to the engine, so they are to us. */
function capabilities(node: DocumentNode | undefined, reader: Reader): readonly string[] {
  const names = reader.texts(node, 'written').flatMap(({ text, place }) => {
    const name = text.toUpperCase().replace(/^CAP_/, '');
    if (/^[A-Z][A-Z0-9_]*$/.test(name)) return [name];
    reader.problems.error('STK332', `\`${text}\` is not a capability`, place.range, {
      help: 'write a name such as `NET_ADMIN`, or `ALL`',
    });
    return [];
  });
  return [...new Set(names)].sort();
}

/** `{nofile: 65536}` or `{nofile: {soft, hard}}`, or a list of `nofile=soft:hard`. */
function readUlimits(node: DocumentNode | undefined, reader: Reader): readonly UlimitSpec[] {
  const limits: UlimitSpec[] = [];
  if (node?.kind === 'object') {
    for (const [name, { value }] of reader.fields(node)) {
      const both = value.kind === 'object' ? reader.fields(value) : null;
      const soft = reader.integer(
        both?.get('soft')?.value ?? (both === null ? value : undefined),
        -1,
        2 ** 53 - 1,
      );
      const hard = both === null ? soft : reader.integer(both.get('hard')?.value, -1, 2 ** 53 - 1);
      const one = soft ?? hard;
      if (one !== null) limits.push({ name, soft: soft ?? one, hard: hard ?? one });
    }
  } else {
    for (const item of reader.items(node)) {
      const limit = reader.parsed(item, 'STK332', parseUlimit);
      if (limit !== null) limits.push(limit);
    }
  }
  return limits.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function parseUlimit(text: string): Parsed<UlimitSpec> {
  const match = /^([a-z]+)=(-1|\d+)(?::(-1|\d+))?$/.exec(text);
  if (match === null) {
    return unparsed(
      `\`${text}\` is not a limit`,
      0,
      text.length,
      'write `nofile=1024` or `nofile=1024:2048`',
    );
  }
  return parsed({ name: match[1] ?? '', soft: Number(match[2]), hard: Number(match[3] ?? match[2]) });
}

/** Reads `restart`: `no`, `always`, `unless-stopped`, `on-failure` or `on-failure:N`. */
export function parseRestart(text: string): Parsed<RestartPolicy> {
  const retries = /^on-failure(?::(\d{1,6}))?$/.exec(text);
  if (retries !== null) return parsed({ name: 'on-failure', maxRetries: Number(retries[1] ?? 0) });
  if (text === 'no' || text === 'always' || text === 'unless-stopped')
    return parsed({ name: text, maxRetries: 0 });
  return unparsed(
    `\`${text}\` is not a restart policy`,
    0,
    Math.max(text.length, 1),
    'write `no`, `always`, `unless-stopped`, `on-failure` or `on-failure:3`',
  );
}
