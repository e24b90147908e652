import { afterAll, beforeAll, expect, test } from 'vitest';

import { docker, StackFolder, until, wipe, type Loose } from '../support/stack-cli.ts';
import { startSyslog, type Syslog, type Transport } from '../support/syslog.ts';

// What containers print gets to a real rsyslog through the example's forwarder, whatever is replaced meanwhile.

const NAME = 'e2e-logs';
const TRANSPORTS: readonly Transport[] = ['udp', 'tcp'];
let folder: StackFolder;
let syslog: Syslog;

/** Twenty lines a second, and one that says how many there were. */
const TALK = `i=0
trap 'echo "$GENERATION ends after $i"; exit 0' TERM
while :; do i=$((i + 1)); echo "$GENERATION line $i"; sleep 0.05; done`;

beforeAll(async () => {
  await wipe(NAME);
  folder = new StackFolder();
  syslog = await startSyslog(folder.folder);
});

afterAll(async () => {
  await syslog.close();
  await wipe(NAME);
  folder.remove();
});

function write(generation: string, forwarding: Loose = {}): void {
  const common = { deploy: 'auto', startup_time: 0.5, stop_timeout: 5 };
  const talker = {
    ...common,
    image: 'stackc-example/servers:1',
    entrypoint: ['sh', '-c', TALK],
    stop_signal: 'TERM',
    env: { GENERATION: generation },
  };
  const forwarder = (transport: Transport) => ({
    ...common,
    image: 'stackc-example/forwarder:1',
    network: 'host',
    volumes: ['/var/run/docker.sock:/tmp/docker.sock'],
    command: `${transport === 'tcp' ? 'syslog+tcp' : 'syslog'}://127.0.0.1:${syslog.ports[transport]}`,
    ...forwarding,
  });
  const containers = [
    { logspout: forwarder('udp') },
    { 'logspout-tcp': forwarder('tcp') },
    { talker },
    { own: { ...talker, log: { options: { 'max-size': '1m' } }, command: [], env: { GENERATION: 'own' } } },
    { silent: { ...talker, log: { driver: 'none' }, env: { GENERATION: 'nowhere' } } },
  ];
  folder.write({
    name: NAME,
    logrotate: { forwarder: 'logspout0' },
    deploy: { [NAME]: { containers } },
  });
}

async function apply(): Promise<void> {
  const ran = await folder.run(['apply', '--yes']);
  expect(ran.code, ran.stderr + ran.stdout).toBe(0);
}

/** What rsyslog has of a generation, once its end is there: the numbers of its lines, and how many it says there were. */
async function heard(transport: Transport, generation: string) {
  const said = () =>
    syslog.lines(transport).flatMap((line) => {
      const [, what, number] = new RegExp(` ${generation} (line|ends after) (\\d+)$`).exec(line) ?? [];
      return what === undefined ? [] : [{ what, number: Number(number) }];
    });
  const all = await until(
    () => Promise.resolve(said()),
    (found) => found.some(({ what }) => what === 'ends after'),
  );
  const of = (wanted: string) => all.flatMap(({ what, number }) => (what === wanted ? [number] : []));
  return { lines: of('line'), ends: of('ends after') };
}

/** Each line once, in its order, to the last; `from`: where nobody knows who had started first. */
async function expectAll(generation: string, from: 'its first' | 'when it was heard'): Promise<void> {
  for (const transport of TRANSPORTS) {
    const { lines, ends } = await heard(transport, generation);
    expect(ends).toHaveLength(1);
    const first = from === 'its first' ? 1 : (lines[0] ?? 1);
    const last = ends[0] ?? 0;
    expect(last - first).toBeGreaterThan(5);
    expect(lines).toEqual(Array.from({ length: last - first + 1 }, (_, at) => first + at));
  }
}

test('limits stand where the log driver takes them, and what the container writes goes before', async () => {
  write('first');
  await apply();
  const config = async (instance: string) =>
    JSON.parse(await docker('inspect', '-f', '{{json .HostConfig.LogConfig}}', `${NAME}-${instance}`)) as {
      readonly Type: string;
      readonly Config: Readonly<Record<string, string>>;
    };
  expect(await config('talker0')).toEqual({
    Type: 'json-file',
    Config: { 'max-file': '7', 'max-size': '10m' },
  });
  expect(await config('own0')).toMatchObject({ Config: { 'max-file': '7', 'max-size': '1m' } });
  expect(await config('silent0')).toEqual({ Type: 'none', Config: {} });
});

test('every line gets to rsyslog, over UDP and TCP, while what prints them is replaced', async () => {
  write('second');
  await apply();
  await expectAll('first', 'when it was heard');
  write('third');
  await apply();
  await expectAll('second', 'its first');
});

test('the forwarders may be replaced as well: what runs is read on', async () => {
  write('third', { env: { AGAIN: '1' } });
  await apply();
  write('fourth', { env: { AGAIN: '1' } });
  await apply();
  for (const transport of TRANSPORTS) {
    const { lines, ends } = await heard(transport, 'third');
    expect(lines.at(-1)).toBe(ends[0]);
  }
});
