import { spawnSync } from 'node:child_process';

import { expect, it } from 'vitest';

import { tarOf } from '../../../src/runtime/docker/tar.ts';

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
