import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { archiveOf, firstFile, tarOf } from '../../../src/runtime/docker/tar.ts';

it('is what tar reads', () => {
  const long = `${'folder/'.repeat(20)}${'n'.repeat(90)}`;
  const files = { 'b/two': Buffer.from('two\n'), a: Buffer.alloc(513, 'x'), [long]: Buffer.from('') };
  const archive = tarOf(files);
  expect(archive.length % 512).toBe(0);
  const listed = spawnSync('tar', ['-tvf', '-'], { input: archive, encoding: 'utf8' });
  expect(listed.stderr).toBe('');
  expect(
    listed.stdout
      .trim()
      .split('\n')
      .map((line) => line.replace(/ +/g, ' ').split(' ')),
  ).toEqual([
    ['-rwxr-xr-x', '0/0', '513', '1970-01-01', '00:00', 'a'],
    ['-rwxr-xr-x', '0/0', '4', '1970-01-01', '00:00', 'b/two'],
    ['-rwxr-xr-x', '0/0', '0', '1970-01-01', '00:00', long],
  ]);
  expect(spawnSync('tar', ['-xOf', '-', 'b/two'], { input: archive, encoding: 'utf8' }).stdout).toBe('two\n');
});

it('is the same for the same files', () => {
  const [a, b] = [Buffer.from('a'), Buffer.from('b')];
  expect(tarOf({ a, b }).equals(tarOf({ b, a }))).toBe(true);
});

it('refuses a name that the format cannot hold', () => {
  expect(() => tarOf({ ['n'.repeat(101)]: Buffer.from('') })).toThrow('too long');
});

it('is read back as it was made', () => {
  const file = {
    path: 'etc/a',
    content: Buffer.from('one'),
    mode: 0o640,
    uid: 7,
    gid: 8,
    modifiedS: 1_700_000_000,
  };
  expect(firstFile(archiveOf([file]))).toEqual(file);
});

it('reads what tar makes, long names in extended headers included, and refuses what is no archive', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stackc-tar-'));
  const name = 'n'.repeat(150);
  writeFileSync(join(folder, name), 'long');
  const made = spawnSync('tar', ['--format=pax', '-cf', '-', '-C', folder, name]).stdout;
  expect(firstFile(made)).toMatchObject({ path: name, content: Buffer.from('long') });
  expect(firstFile(spawnSync('tar', ['-cf', '-', '-C', folder, '.']).stdout)).toBeNull();
  expect(() => firstFile(Buffer.from('{"message": "no"}'))).toThrow('no archive');
  rmSync(folder, { recursive: true });
});
