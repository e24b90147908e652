import { containerKey } from '../../desired/keys.ts';
import type { DeployMode } from '../../desired/desired-state.ts';
import type { Property } from '../../source/document.ts';
import type { Range } from '../../span.ts';
import type { EnvEntry } from '../application-spec.ts';
import type { LinkReference, LogSpec, VolumesFromReference, WrittenContainer } from '../container-spec.ts';
import { parseDuration } from '../values/duration.ts';
import { parseSignal } from '../values/signal.ts';
import { readBuild, readPlatform } from './build.ts';
import { checkContainer } from './check-container.ts';
import { readCron } from './cron.ts';
import { readEntries, readEnvironment } from './environment.ts';
import { readFiles } from './files.ts';
import { readHealth } from './health.ts';
import { notSupportedYet, reportLaterKeys } from './later-keys.ts';
import { parseRestart, readLimits } from './limits.ts';
import { readMigration } from './migration.ts';
import { readNotifications } from './notifications.ts';
import type { Fields, Reader, Text } from './reader.ts';
import type { ContainerDefaults } from './container-defaults.ts';
import { readRollout } from './rollout.ts';
import { readScale } from './scale.ts';
import { readStrategy } from './strategy.ts';
import { readCommand, readWords } from './words.ts';

/** Seconds between the stop signal and the kill, when nothing is written. */
const STOP_TIMEOUT_S = 30;
const DRAIN_TIMEOUT_S = 30;

/** Reads one entry of `containers`; null when its mode, image or name cannot be read. */
export function readContainer(
  entry: Property,
  outer: Reader,
  defaults: ContainerDefaults,
): WrittenContainer | null {
  const name = entry.key;
  const reader = outer.within({ container: name });
  const fields = reader.fields(entry.value);
  const node = (key: string) => fields.get(key)?.value;
  reportLaterKeys(fields, 'container', reader);
  const named = checkName(name, entry.keyRange, reader);
  const mode = readMode(fields, entry, reader);
  const image = reader.template(node('image'), 'shared');
  checkImage(fields, entry, reader);
  const isCron = mode === 'cron';
  const database = fields.get('database');
  const port = fields.get('port');
  const portNumber = reader.integer(port?.value, 1, 65_535);
  const written = reader.integer(node('containers'), 0, 1000);
  const countRange = node('containers')?.range ?? entry.keyRange;
  const isCounted = written !== null;
  const scale = readScale(
    fields.get('scale'),
    { name, mode: mode ?? 'auto', count: written ?? 1, countRange, isCounted },
    reader,
  );
  const count = written ?? scale?.min ?? 1;
  const restart = reader.parsed(node('restart'), 'STK332', parseRestart);

  const container: WrittenContainer = {
    key: containerKey(reader.names.application, name),
    name,
    application: reader.names.application,
    range: entry.keyRange,
    mode: mode ?? 'auto',
    count: isCron ? 1 : count,
    countRange,
    image: image ?? { parts: [], place: { range: entry.keyRange, exact: null } },
    tag: reader.template(node('tag'), 'shared'),
    build: readBuild(fields, reader),
    pull: reader.choice(node('pull'), ['auto', 'always', 'missing', 'never'], 'auto'),
    command: readCommand(node('command'), reader),
    entrypoint: readWords(node('entrypoint'), 'run', reader),
    env: readEnvironment(node('env'), reader),
    envFrom: reference(reader.text(node('env_from'))),
    database: reader.flag(database?.value) === true ? (database?.keyRange ?? null) : null,
    volumes: reader.templates(node('volumes'), 'stored'),
    volumesFrom: reader.texts(node('volumes_from')).flatMap((text) => volumesFrom(text, reader)),
    ports: reader.templates(node('ports'), 'stored'),
    links: reader.texts(node('links')).map(link),
    dependsOn: reader.texts(node('depends_on')).map((text) => ({ name: text.text, place: text.place })),
    hostname: reader.template(node('hostname'), 'stored'),
    user: reader.template(node('user'), 'stored'),
    workingDir: reader.template(node('working_dir'), 'stored'),
    socket: reader.template(node('socket'), 'stored'),
    balancer: readBalancer(fields, reader),
    port: port === undefined || portNumber === null ? null : { port: portNumber, range: port.keyRange },
    network: {
      mode: reader.choice(node('network'), ['stack', 'host', 'none'], 'stack'),
      range: node('network')?.range ?? entry.keyRange,
    },
    networks: reader.templates(node('networks'), 'stored'),
    restart: restart ?? { name: isCron ? 'no' : 'unless-stopped', maxRetries: 0 },
    stopSignal: reader.parsed(node('stop_signal'), 'STK332', parseSignal),
    quietSignal: reader.parsed(node('quiet_signal'), 'STK332', parseSignal),
    stopTimeoutS: Math.ceil((reader.durationMs(node('stop_timeout')) ?? STOP_TIMEOUT_S * 1000) / 1000),
    drainTimeoutS: Math.ceil((reader.durationMs(node('drain_timeout')) ?? DRAIN_TIMEOUT_S * 1000) / 1000),
    startupMs: reader.parsed(node('startup_time'), 'STK319', parseDuration),
    health: readHealth(node('health'), reader),
    strategy: readStrategy(node('strategy'), entry.keyRange, reader),
    rollout: readRollout(fields, reader, defaults),
    migration: readMigration(node('migration'), reader),
    cron: isCron && node('cron') !== undefined ? readCron(node('cron') ?? entry.value, reader) : null,
    log: readLog(fields, reader),
    limits: readLimits(fields, reader),
    labels: readEntries(node('labels'), 'stored', reader),
    platform: readPlatform(fields, reader),
    files: readFiles(node('files'), reader),
    notifications: readNotifications(node('notifications'), reader),
    set: null,
    scale,
    heartbeat: reader.template(node('heartbeat'), 'hidden'),
    heal: reader.flag(node('heal')) ?? defaults.heal,
    adopt: readAdopt(fields, reader),
  };
  checkContainer(container, fields, reader);
  const isWhole = image !== null || (container.build !== null && !fields.has('image'));
  return named && mode !== null && isWhole ? container : null;
}

function checkName(name: string, range: Range, reader: Reader): boolean {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_-]*$/.test(name)) return true;
  reader.problems.error('STK309', `\`${name}\` cannot be a container's name`, range, {
    help: 'letters, digits, `_` and `-`, and a letter or digit first: the engine and host names allow no more',
  });
  return false;
}

function checkImage(fields: Fields, { key, keyRange, value }: Property, reader: Reader): void {
  if (value.kind !== 'object' || fields.has('image') || fields.has('build')) return;
  if (reader.isMisspelt(fields, 'image')) return;
  reader.problems.error('STK202', `the container \`${key}\` has no \`image\``, keyRange);
}

function readMode(fields: Fields, entry: Property, reader: Reader): DeployMode | null {
  const deploy = fields.get('deploy');
  if (deploy === undefined) {
    if (entry.value.kind !== 'object' || reader.isMisspelt(fields, 'deploy')) return null;
    reader.problems.error(
      'STK331',
      `the container \`${entry.key}\` does not say how it is deployed`,
      entry.keyRange,
      {
        help: 'write `deploy: auto` (kept as the file says), `manual` (replaced only when named) or `cron` (run on a schedule)',
      },
    );
    return null;
  }
  const before = reader.problems.errors;
  const mode = reader.choice(deploy.value, ['auto', 'manual', 'cron'], 'auto');
  return reader.problems.errors === before ? mode : null;
}

/** As an object it would be the stack's own. */
function readBalancer(fields: Fields, reader: Reader): WrittenContainer['balancer'] {
  const field = fields.get('balancer');
  if (field === undefined) return null;
  if (field.value.kind !== 'object') return reference(reader.text(field.value));
  notSupportedYet('balancer', field.keyRange, reader);
  return null;
}

function readAdopt(fields: Fields, reader: Reader): WrittenContainer['adopt'] {
  const node = fields.get('adopt')?.value;
  if (node === undefined) return null;
  return node.kind === 'array' ? reader.templates(node, 'stored') : reader.template(node, 'stored');
}

function reference(text: Text | null) {
  return text === null ? null : { name: text.text, place: text.place };
}

function link({ text, place }: Text): LinkReference {
  const colon = text.indexOf(':');
  return colon === -1
    ? { name: text, alias: text, place }
    : { name: text.slice(0, colon), alias: text.slice(colon + 1), place };
}

function volumesFrom({ text, place }: Text, reader: Reader): readonly VolumesFromReference[] {
  const [, name = text, mode] = /^(.*?)(?::([^:]*))?$/.exec(text) ?? [];
  if (mode === undefined || mode === 'ro' || mode === 'rw') return [{ name, place, readOnly: mode === 'ro' }];
  reader.problems.inText('STK317', place, {
    message: `\`${mode}\` is not an option of \`volumes_from\``,
    start: name.length + 1,
    end: text.length,
    help: 'write `name`, `name:ro` or `name:rw`',
  });
  return [];
}

function readLog(outer: Fields, reader: Reader): LogSpec | null {
  const log = outer.get('log');
  if (log === undefined) return null;
  const fields = reader.fields(log.value);
  const options = new Map<string, EnvEntry>();
  for (const entry of readEntries(fields.get('options')?.value, 'stored', reader))
    options.set(entry.name, entry);
  for (const name of ['max-size', 'max-file']) {
    const field = fields.get(name);
    const value = reader.template(field?.value, 'stored');
    if (field === undefined || value === null) continue;
    const other = options.get(name);
    if (other !== undefined) {
      reader.problems.error(
        'STK326',
        `\`${name}\` stands in \`log\` and in its \`options\``,
        field.keyRange,
        {
          related: [{ range: other.range, message: 'written here too' }],
        },
      );
    }
    options.set(name, { name, range: field.keyRange, value });
  }
  return {
    driver: reader.template(fields.get('driver')?.value, 'stored'),
    options: [...options.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}
