import { describe, expect, it } from 'vitest';

import { engineSettings } from '../../../src/compiler/setup/engine-settings.ts';
import { GOOD_SETTINGS } from '../../support/machine-facts.ts';

const plain = { flags: '', swarm: false };

const settings = (written: string | null, around: Partial<typeof plain> = {}) => {
  const found = engineSettings(written, { ...plain, ...around });
  if (found.kind === 'invalid') throw new Error(found.why);
  return { ...found, names: found.added.map(({ name }) => name) };
};

describe('the settings of an engine', () => {
  it.each([
    ['no file', null],
    ['an empty file', ' \n'],
    ['an empty object', '{}'],
  ])('are limits of logs and live-restore, for %s', (_name, written) => {
    expect(settings(written).text).toBe(GOOD_SETTINGS);
  });

  it('are complete the second time, byte for byte', () => {
    expect(settings(GOOD_SETTINGS)).toMatchObject({ text: GOOD_SETTINGS, added: [], left: [] });
  });

  it('are put behind what is there, indented alike, which stays', () => {
    const written = '{\n\t"data-root": "/data",\n\t"log-opts": { "labels": "a" }\n}\n';
    expect(settings(written).text).toBe(
      '{\n\t"data-root": "/data",\n\t"log-opts": {\n\t\t"labels": "a",\n\t\t"max-size": "10m",\n\t\t"max-file": "7"\n\t},\n\t"log-driver": "json-file",\n\t"live-restore": true\n}\n',
    );
  });

  it.each([
    ['limits of its own', '{"log-opts": {"max-size": "1g"}}', ['live-restore'], []],
    [
      'half of the limits',
      '{"log-opts": {"max-file": "2"}}',
      ['log-driver', 'log-opts.max-size', 'live-restore'],
      [],
    ],
    ['`local`, which has limits', '{"log-driver": "local"}', ['live-restore'], []],
    [
      'another driver',
      '{"log-driver": "journald"}',
      ['live-restore'],
      [{ kind: 'log driver', driver: 'journald' }],
    ],
    [
      'live-restore that somebody has turned off',
      '{"log-driver": "local", "live-restore": false}',
      [],
      [{ kind: 'live restore is off' }],
    ],
  ])('leave %s', (_name, written, names, left) => {
    expect(settings(written)).toMatchObject({ names, left });
  });

  it('leave live-restore out in a swarm', () => {
    expect(settings('{"log-driver": "local"}', { swarm: true })).toMatchObject({
      names: [],
      left: [{ kind: 'swarm' }],
    });
  });

  it.each([
    ['log-driver', '/usr/bin/dockerd\n-H\nfd://\n--log-driver=journald\n', ['live-restore']],
    ['log-opt', 'DOCKER_OPTS="--log-opt max-size=1m"', ['live-restore']],
    ['live-restore', 'dockerd\n--live-restore', ['log-driver', 'log-opts.max-size', 'log-opts.max-file']],
  ])('leave what dockerd is started with: --%s', (name, flags, names) => {
    expect(settings(null, { flags })).toMatchObject({ names, left: [{ kind: 'flag', name }] });
  });

  it('are read behind a byte order mark', () => {
    expect(settings('\uFEFF{"log-driver": "local"}')).toMatchObject({ names: ['live-restore'] });
    expect(settings('\uFEFF').names).toContain('live-restore');
  });

  it.each(['{"a": 1,}', '[]', '// x\n{}', '"text"'])('cannot be put into %s', (written) => {
    expect(engineSettings(written, plain).kind).toBe('invalid');
  });

  it('are left where dockerd reads another file', () => {
    const written = '{"live-restore": ';
    expect(settings(written, { flags: 'dockerd\n--config-file\n/etc/own.json\n' })).toMatchObject({
      names: [],
      left: [{ kind: 'flag', name: 'config-file' }],
    });
    const same = 'dockerd\n--config-file=/etc/docker/daemon.json\n';
    expect(settings('{"log-driver": "local"}', { flags: same }).names).toEqual(['live-restore']);
  });

  it('are never quoted where they are no JSON', () => {
    expect(engineSettings('{\n  "proxies": {"http-proxy": s3cret}\n}', plain)).toEqual({
      kind: 'invalid',
      why: 'it is no JSON from line 2, column 29 on',
    });
  });
});
