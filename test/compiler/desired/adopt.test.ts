import { expect, test } from 'vitest';

import { desired, shop } from '../spec/marked.ts';

/** What each instance may become, as the key says. */
function adopts(keys: string): readonly (readonly string[] | null | undefined)[] {
  const state = desired(shop(`app: { deploy: auto, image: "a:1", containers: 3${keys} }`));
  return state.containers[0]?.instances.map(({ adopt }) => adopt) ?? [];
}

test.each([
  ['not written', '', [null, null, null]],
  ['a name of its own for each', ', adopt: "old-%{index}"', [['old-0'], ['old-1'], ['old-2']]],
  [
    'with the slash that an inspect shows',
    ', adopt: "/old-%{app_name}"',
    [['old-app0'], ['old-app1'], ['old-app2']],
  ],
  ['a list, in their order', ', adopt: [blue, "green-%{index}"]', [['blue'], ['green-1'], []]],
  ['nothing', ', adopt: []', [[], [], []]],
])('adopt: %s', (_title, keys, expected) => {
  expect(adopts(keys)).toEqual(expected);
});
