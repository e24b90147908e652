import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { SETTINGS_FILE } from '../../../src/compiler/setup/engine-settings.ts';
import { readFacts } from '../../../src/compiler/setup/read-facts.ts';
import { lookScript } from '../../../src/runtime/setup/look-script.ts';
import { shellWord } from '../../../src/runtime/setup/shell-word.ts';
import { stepScript, type MachineStep } from '../../../src/runtime/setup/step-script.ts';

const sh = (script: string, ...words: readonly string[]) =>
  spawnSync('sh', words, { input: script, encoding: 'utf8' });

const STEPS: readonly MachineStep[] = [
  { kind: 'finish packages' },
  { kind: 'write settings', text: `{"it's": "$HOME"}\n`, before: null, added: [], takesRestart: false },
  { kind: 'add repository', distribution: 'debian', codename: 'bookworm' },
  {
    kind: 'install',
    packages: ['docker.io'],
    whereApart: 'docker-cli',
    version: null,
    source: 'distribution',
  },
  { kind: 'start' },
  { kind: 'reload' },
  { kind: 'restart', containers: 0, liveRestore: false },
  { kind: 'enable' },
  { kind: 'join group', user: 'deploy' },
];

describe('the scripts of a setup', () => {
  it.each(STEPS.map((step) => [step.kind, step] as const))('are shell: %s', (_kind, step) => {
    expect(sh(stepScript(step, 'systemd'), '-n')).toMatchObject({ status: 0, stderr: '' });
  });

  it('do nothing when they come only in part', () => {
    for (const step of STEPS) {
      const script = stepScript(step, 'sysv');
      const part = script.slice(0, script.lastIndexOf('main <'));
      // All that is left are definitions, but for a temporary file.
      expect(sh(`mktemp() { echo /nowhere; }\n${part}`)).toMatchObject({ status: 0, stdout: '', stderr: '' });
    }
  });

  it('look at this machine, whatever it is', () => {
    const { stdout } = sh(lookScript(`no'image`), '-s');
    const facts = readFacts(`a banner\n${stdout}`);
    expect(facts?.system.name).not.toBe('');
    expect(facts?.system.freeBytes).toBeGreaterThan(0);
  }, 60_000);

  it.each([
    ['nothing', 'no-process', null],
    // There is always a shell: the one that looks.
    ['one that runs', 'sh', '7.7.7'],
  ])(
    'ask %s, since an engine that stands still would begin',
    (_name, process, version) => {
      const folder = mkdtempSync(join(tmpdir(), 'stackc-look-'));
      const fake = (name: string, text: string) =>
        writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
      fake('docker', 'case $* in *" version "*) echo 7.7.7 ;; *" info "*) echo 0 0 ;; esac');
      fake('sudo', 'shift; exec "$@"');
      const script = lookScript('agent:1').replace('dockerd /proc', `${process} /proc`);
      const { stdout } = sh(`PATH=${folder}:$PATH\n${script}`, '-s');
      rmSync(folder, { recursive: true });
      expect(readFacts(stdout)?.engine?.running?.version ?? null).toBe(version);
    },
    60_000,
  );

  it('hold any text as it is', () => {
    const text = `a'b"$HOME\`x\`\n\\n`;
    expect(sh(`printf %s ${shellWord(text)}`).stdout).toBe(text);
  });

  it('bring a restart to its end when nobody hears it any more', async () => {
    const step = { kind: 'restart', containers: 0, liveRestore: false } as const;
    // Whatever becomes of it: never this machine's own settings.
    const script = stepScript(step, 'sysv').replaceAll(SETTINGS_FILE, '/nowhere/daemon.json');
    const child = spawn('sh', ['-s'], { stdio: ['pipe', 'pipe', 'pipe'] });
    child.stdout.destroy();
    await once(child.stdout, 'close');
    // Both say something, as a service's script does before it does anything.
    const service = 'docker() { echo 0 0 false; }; service() { echo "$2" && echo "$2" >&3; }';
    child.stdin.end(`exec 3>&2\n${service}\n${script}`);
    let done = '';
    child.stderr.on('data', (data: Buffer) => (done += data.toString()));
    await once(child, 'close');
    expect(done).toBe('stop\nstart\n');
  });

  it.each([
    ['0 0 false', 0, false, ''],
    ['2 1 true', 0, false, ''],
    ['1 0 false', 3, false, ''],
    ['0 2 false', 0, false, '2 containers would stop'],
    ['1 0 false', 1, true, '1 containers would stop'],
    ['', 0, false, 'does not answer'],
  ])('restart an engine that says "%s" only as it was shown', (says, containers, liveRestore, why) => {
    const step = { kind: 'restart', containers, liveRestore } as const;
    const script = stepScript(step, 'sysv').replaceAll(SETTINGS_FILE, '/nowhere/daemon.json');
    const fakes = `docker() { echo '${says}' | grep .; }; service() { echo "$2"; }`;
    const { status, stdout, stderr } = sh(`${fakes}\n${script}`);
    expect([status, stdout]).toEqual(why === '' ? [0, 'stop\nstart\n'] : [1, '']);
    expect(stderr).toContain(why);
  });

  it('install what removes nothing', () => {
    const apt =
      'with_lock() { echo "$@"; echo "E: Packages need to be removed but remove is disabled." >"$said"; case $* in *install*) return 100; esac; }';
    const script = stepScript(STEPS[3] as MachineStep, 'systemd').replace('\nmain <', `\n${apt}\nmain <`);
    const { status, stdout, stderr } = sh(script);
    expect(status).toBe(1);
    expect(stdout).toMatch(/apt-get .*-o APT::Get::Remove=false .* install docker\.io/);
    expect(stderr).toContain('packages that are there would have to go');
  });
});
