import { describe, expect, test } from 'vitest';

import { maskSecrets } from '../../src/runtime/mask-secrets.ts';
import { desiredState } from '../support/desired.ts';

describe('what containers write is shown without', () => {
  const desired = desiredState([
    {
      name: 'app',
      env: { API_TOKEN: 'of-the-token', RELEASE: 'of-release' },
      masked: ['API_TOKEN', 'RELEASE'],
    },
  ]);
  test.each<[string, readonly string[], string, string]>([
    ['a secret', ['hunter-two'], 'password=hunter-two!', 'password=(masked)!'],
    ['each of its lines', ['first-line\nother-line\n'], 'at other-line', 'at (masked)'],
    ['the longer of two', ['hunter', 'hunter-two'], 'hunter-two hunter', '(masked) (masked)'],
    ['a variable whose name is one of a secret', [], 'of-the-token', '(masked)'],
  ])('%s', (_, secrets, text, shown) => {
    expect(maskSecrets(secrets, desired)(text)).toBe(shown);
  });

  test('but what is part of ordinary words stays, and what only comes from outside', () => {
    expect(maskSecrets(['no'], desired)('nobody of-release')).toBe('nobody of-release');
    expect(maskSecrets([], null)('as it is')).toBe('as it is');
  });
});
