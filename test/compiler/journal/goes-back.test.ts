import { expect, test } from 'vitest';
import { goesBack } from '../../../src/compiler/journal/goes-back.ts';
import type { ApplyCommand } from '../../../src/compiler/journal/record.ts';
import { revisionsOf } from '../../../src/compiler/journal/revisions.ts';

const ANY = {
  type: 'apply',
  atMs: 0,
  operations: 0,
  user: 'anna',
  host: 'here',
  program: '1',
  file: null,
  git: null,
} as const;

const revisions = (...commands: readonly (readonly [ApplyCommand, number | null])[]) =>
  revisionsOf(
    commands.map(([command, of], index) => ({
      ...ANY,
      apply: `a${index + 1}`,
      revision: index + 1,
      command,
      of,
    })),
  );

test('a rollback, what goes on with it, and what goes on with that', () => {
  expect(goesBack({ command: 'rollback', of: 1 }, [])).toBe(true);
  expect(goesBack({ command: 'abort', of: 1 }, [])).toBe(true);
  expect(goesBack({ command: 'apply', of: null }, [])).toBe(false);
  const before = revisions(['apply', null], ['rollback', 1], ['resume', 2]);
  expect(goesBack({ command: 'resume', of: 2 }, before)).toBe(true);
  expect(goesBack({ command: 'resume', of: 3 }, before)).toBe(true);
  expect(goesBack({ command: 'resume', of: 1 }, before)).toBe(false);
});

test('a journal that has forgotten what was begun, or goes in a circle', () => {
  expect(goesBack({ command: 'resume', of: 7 }, revisions(['apply', null]))).toBe(false);
  expect(goesBack({ command: 'resume', of: 1 }, revisions(['resume', 1]))).toBe(false);
});
