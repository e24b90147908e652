import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { agentImage } from '../../src/runtime/agent/agent-image.ts';
import { stack, startStack } from '../support/cli.ts';
import { memoryEngine } from '../support/memory-engine.ts';

/** Answers as a machine would: the look with `facts`, every other script with what `steps` says. Keeps each script. */
const SSH = `#!/bin/sh
cd "$(dirname "$0")" || exit 1
echo "$*" >> words
cat > script.$$
if grep -q look_user script.$$; then . ./facts; else mv script.$$ step.$(ls step.* 2>/dev/null | wc -l); . ./steps; fi
`;

const FACTS = [
  'stackc-machine 1',
  'user=deploy',
  'groups=deploy',
  'rights=sudo',
  'os_id=debian',
  'os_codename=bookworm',
  'os_name=Debian GNU/Linux 12 (bookworm)',
  'architecture=amd64',
  'services=systemd',
  'cgroups=yes',
  'free_kib=20000000',
  'apt=yes',
];

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stackc-setup-'));
  await writeFile(join(folder, 'ssh'), SSH, { mode: 0o755 });
  await answers(FACTS);
  await writeFile(join(folder, 'steps'), 'exit 0\n');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const answers = (lines: readonly string[]) =>
  writeFile(join(folder, 'facts'), `cat <<'EOF'\n${[...lines, 'stackc-machine end'].join('\n')}\nEOF\n`);

const options = () => ({
  cwd: folder,
  engine: memoryEngine(),
  env: { PATH: `${folder}:${process.env['PATH'] ?? ''}` },
});
const cli = (...words: readonly string[]) => stack(['setup', ...words], options());

/** The scripts that were to change something, in order. */
const scripts = async () => {
  const names = (await readdir(folder)).filter((name) => name.startsWith('step.')).sort();
  return Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
};

describe('the host of a setup', () => {
  it.each([
    ['web1', '-- web1 sh -s'],
    ['ssh://deploy@web1:2222', '-l deploy -p 2222 -- web1 sh -s'],
    ['deploy@web_1.local', '-l deploy -- web_1.local sh -s'],
  ])('%s is given to ssh', async (host, words) => {
    expect((await cli(host, '--dry-run')).code).toBe(0);
    const [asked = ''] = (await readFile(join(folder, 'words'), 'utf8')).split('\n');
    expect(asked.endsWith(words)).toBe(true);
    expect(asked).toContain('BatchMode=yes');
  });

  it.each([
    ['tcp://web1:2375', 'a machine is set up over ssh'],
    ['ssh://web1/run/docker.sock', 'not a socket on it'],
    ['ssh://-oProxyCommand=evil', 'may begin with `-`'],
    ['ssh://-x@web1', 'may begin with `-`'],
    ['ssh://deploy:secret@web1', 'use a key'],
  ])('%s is none', async (host, why) => {
    const refused = await cli(host, '--yes');
    expect(refused.code).toBe(64);
    expect(refused.stderr).toContain(why);
    expect(refused.stderr).not.toContain('secret');
    expect(await readdir(folder)).not.toContain('words');
  });
});

describe('a setup', () => {
  it('changes nothing when it is only shown, and where nobody can be asked', async () => {
    expect((await cli('web1', '--dry-run')).code).toBe(0);
    expect((await cli('web1', '--dry-run', '--detailed-exitcode')).code).toBe(2);
    const unasked = await cli('web1');
    expect(unasked).toMatchObject({ code: 1 });
    expect(unasked.stderr).toContain('so nothing was changed');
    expect(await scripts()).toEqual([]);
  });

  it('does its steps as root, with nothing in the words of ssh, and ends with a connection', async () => {
    const done = await cli('web1', '--yes');
    expect(done.code, done.stderr).toBe(0);
    expect(done.stderr).toMatch(
      /^… create .*\n✓ create [^]*✓ build the agent's image .*\nssh:\/\/web1 is ready: Docker Engine .*, API .*\.\nGo on with `stack --host ssh:\/\/web1 plan`\.\n$/,
    );
    const words = (await readFile(join(folder, 'words'), 'utf8')).trim().split('\n').slice(1);
    expect(new Set(words.map((line) => line.split(' -- ')[1]))).toEqual(new Set(['web1 sudo -n sh -s']));
    const [settings, install, , , group] = await scripts();
    expect(settings).toContain('"max-size": "10m"');
    expect(install).toContain("packages='docker.io'");
    expect(group).toContain("user='deploy'");
  });

  it('stops at a step that fails, with the last that it said', async () => {
    await writeFile(
      join(folder, 'steps'),
      'grep -q "apt install" step.* || exit 0\necho "@waiting unattended-upgr (process 7)"; echo "E: No space left on device" >&2; exit 100\n',
    );
    const failed = await cli('web1', '--yes');
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain(
      `  waits for unattended-upgr (process 7)
  E: No space left on device
✗ install docker.io, and docker-cli where it is apart  exit code 100
help: does the machine reach its package sources, and has its disk room? what is done stays done, and the same command goes on from there
ssh://web1 is not ready yet: 1 step done.
`,
    );
    expect(await scripts()).toHaveLength(2);
  });

  it('says what to do where the machine is not reached, before and in the middle', async () => {
    await writeFile(join(folder, 'steps'), 'echo "Connection to web1 closed." >&2; exit 255\n');
    const lost = await cli('web1', '--yes');
    expect(lost.code).toBe(69);
    expect(lost.stderr).toContain(
      'the connection is lost: Connection to web1 closed.\nhelp: `ssh web1 true` tells',
    );
    await writeFile(join(folder, 'facts'), 'echo "Host key verification failed." >&2; exit 255\n');
    const unreached = await cli('web1', '--yes');
    expect(unreached).toMatchObject({
      code: 69,
      stderr:
        'error: ssh://web1 cannot be reached, so nothing was changed: Host key verification failed.\n' +
        'help: `ssh web1` once by hand shows its key: compare it, and take it or find out why it is another\n',
    });
  });

  it('names user and port where it says how to try by hand', async () => {
    await writeFile(join(folder, 'facts'), 'echo "ssh: Connection refused" >&2; exit 255\n');
    const unreached = await cli('deploy@web1:2222', '--yes');
    expect(unreached.stderr).toContain('help: `ssh -p 2222 deploy@web1 true` tells');
  });

  it('brings a step to its end when it is interrupted, and says how to go on', async () => {
    await writeFile(join(folder, 'steps'), 'until [ -e go ]; do sleep 0.05; done\n');
    const running = startStack(['setup', 'web1', '--yes'], options());
    await expect.poll(() => running.texts.stderr).toContain('… create');
    running.signal('SIGINT');
    await writeFile(join(folder, 'go'), '');
    const { code, stderr } = await running.done;
    expect(code).toBe(130);
    expect(stderr).toMatch(
      /✓ create .*\nssh:\/\/web1 is not ready yet: 1 step done; the same command goes on from there\.\n$/,
    );
  });

  it('does not wait for what ssh leaves behind', async () => {
    const left = join(folder, 'left');
    await writeFile(join(folder, 'facts'), `sleep 600 & echo $! > ${left}; exit 255\n`);
    try {
      expect(await cli('web1', '--dry-run')).toMatchObject({ code: 69 });
    } finally {
      process.kill(Number(await readFile(left, 'utf8')));
    }
  }, 60_000);

  it('says all that keeps it from being done', async () => {
    const asking = FACTS.map((line) => line.replace('rights=sudo', 'rights=password'));
    await answers([...asking, `settings=${Buffer.from('{"proxy": "s3cret"').toString('hex')}`]);
    const refused = await cli('web1', '--yes');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /^error: ssh:\/\/web1 cannot be set up as it is, so nothing was changed\n {2}sudo lets deploy do nothing .*\n {2}\/etc\/docker\/daemon\.json over there cannot be read/,
    );
  });

  it('is data for programs, without the file that was there', async () => {
    await answers([
      ...FACTS,
      `settings=${Buffer.from('{"proxies": {"http-proxy": "s3cret"}}').toString('hex')}`,
    ]);
    const done = await cli('web1', '--yes', '--json');
    expect(done.code, done.stderr).toBe(0);
    const lines = done.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({ format_version: 1, type: 'setup', machine: 'ssh://web1', engine: null });
    expect(lines.at(-1)).toMatchObject({ type: 'finished', ready: true, done: 6 });
    expect(lines).toContainEqual(
      expect.objectContaining({ type: 'done', step: { kind: 'build agent image', tag: agentImage().tag } }),
    );
    expect(done.stdout + done.stderr).not.toContain('s3cret');
  });

  it('does not read what is no answer', async () => {
    await writeFile(join(folder, 'facts'), 'echo "This account is not available."; exit 1\n');
    const refused = await cli('web1', '--yes');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      'ssh://web1 does not say what it is\n  This account is not available.\n',
    );
  });
});
