import { expect, test } from 'vitest';

import { imagesAtBegin } from '../../../src/compiler/cleanup/images-at-begin.ts';
import { observe } from '../../../src/runtime/observe.ts';
import { desiredState, STACK } from '../../support/desired.ts';
import { world } from '../../support/world.ts';

test('what runs and what is wanted, each once, under the names of the file', async () => {
  const w = world(['app:1', 'app:2', 'db:1']);
  const [app, db] = [
    { name: 'app', instances: 2, image: 'app:1' },
    { name: 'db', image: 'db:1' },
  ];
  await w.apply(desiredState([app, db]));
  const observed = await observe(w.engine, STACK, []);
  const wanted = desiredState([{ ...app, image: 'app:2' }, db]);
  const known = {
    ...wanted,
    containers: wanted.containers.map((one) => ({
      ...one,
      image: { ...one.image, id: w.engine.image(one.image.reference) },
    })),
  };
  const named = imagesAtBegin(observed, known).map(({ id, reference }) => `${reference} is ${id}`);
  expect(named.toSorted()).toEqual(
    ['app:1', 'app:2', 'db:1'].map((reference) => `${reference} is ${w.engine.image(reference)}`),
  );
  expect(imagesAtBegin(observed, null)).toHaveLength(2);
});
