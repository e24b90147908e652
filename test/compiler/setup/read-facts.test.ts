import { describe, expect, it } from 'vitest';

import { readFacts } from '../../../src/compiler/setup/read-facts.ts';

const hex = (text: string) => Buffer.from(text).toString('hex');

const LINES = [
  'user=deploy',
  'groups=deploy docker sudo',
  'rights=sudo',
  'os_id=ubuntu',
  'os_codename=noble',
  'os_name=Ubuntu 24.04.1 LTS',
  'architecture=arm64',
  'services=systemd',
  'cgroups=yes',
  'free_kib=2048',
  'apt=yes',
  'locked_by=apt-get',
  'candidate=(none)',
  'installed=docker.io ',
  'dockerd=Docker version 26.1.3, build 26.1.3-0ubuntu1',
  'client=yes',
  'at_boot=yes',
  `settings=${hex('{"a": "ü="}\n')}`,
  `flags=${hex('dockerd\n-H\n')}`,
  'server=26.1.3',
  'containers=4',
  'swarm=active',
  'live_restore=false',
];
const answer = (lines: readonly string[]) =>
  ['Welcome!', 'stackc-machine 1', ...lines, 'stackc-machine end', ''].join('\n');

describe('what a machine says', () => {
  it('is read, whatever the login shell says besides', () => {
    expect(readFacts(answer(LINES))).toEqual({
      user: 'deploy',
      rights: 'sudo',
      mayUseEngine: true,
      system: {
        id: 'ubuntu',
        codename: 'noble',
        name: 'Ubuntu 24.04.1 LTS',
        architecture: 'arm64',
        services: 'systemd',
        cgroups: true,
        freeBytes: 2_097_152,
      },
      packages: {
        hasApt: true,
        interrupted: false,
        lockedBy: 'apt-get',
        candidate: null,
        knowsDockers: false,
      },
      engine: {
        source: 'docker.io',
        version: '26.1.3',
        hasClient: true,
        startsAtBoot: true,
        hasProcess: true,
        swarm: true,
        running: {
          version: '26.1.3',
          containers: 4,
          liveRestore: false,
          awaitsRestart: false,
          hasAgentImage: false,
        },
      },
      flags: 'dockerd\n-H\n',
      settings: '{"a": "ü="}\n',
    });
  });

  it('may be of an engine that nobody knows, that does not run, or that is not there', () => {
    const without = (...names: readonly string[]) =>
      readFacts(answer(LINES.filter((line) => !names.includes(line.split('=')[0] ?? ''))))?.engine;
    expect(without('installed')).toMatchObject({ source: 'other' });
    expect(without('server')).toMatchObject({ running: null });
    expect(without('installed', 'dockerd', 'server')).toBeNull();
    // A program where nobody looks, and one whose client is missing.
    expect(without('installed', 'dockerd')).toMatchObject({ source: 'other', running: { containers: 4 } });
    const asked = answer([...LINES.filter((line) => !line.startsWith('server')), 'process=yes']);
    expect(readFacts(asked)?.engine).toMatchObject({ hasProcess: true, swarm: true, running: null });
  });

  it('is not taken for an engine without containers when it does not say how many there are', () => {
    const lines = LINES.map((line) => line.replace(/^containers=.*/, 'containers='));
    expect(readFacts(answer(lines))?.engine).toMatchObject({ hasProcess: true, running: null });
  });

  it('holds the settings as they are, a byte order mark as well', () => {
    const lines = [...LINES, `settings=${hex('\uFEFF{}')}`];
    expect(readFacts(answer(lines))?.settings).toBe('\uFEFF{}');
  });

  it.each([
    ['cut off', answer(LINES).replace('stackc-machine end', '')],
    ['of another program', 'sh: not found'],
    ['without rights', answer(LINES.filter((line) => !line.startsWith('rights')))],
    [
      'of a user that no file could name',
      answer(LINES.map((line) => line.replace('user=deploy', "user=a'; b"))),
    ],
  ])('is nothing when it is %s', (_name, output) => {
    expect(readFacts(output)).toBeNull();
  });
});
