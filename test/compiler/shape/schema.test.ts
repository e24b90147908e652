import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';

interface Schema {
  readonly [keyword: string]: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
}

const root: Schema = JSON.parse(
  readFileSync(new URL('../../../schema/stack.schema.json', import.meta.url), 'utf8'),
);

/** Every schema inside the schema, with its JSON pointer. Values that only look like one are left out. */
function schemas(schema: Schema, pointer = ''): readonly (readonly [string, Schema])[] {
  const below = Object.entries(schema).flatMap(([keyword, value]): (readonly [string, Schema])[] => {
    if (['examples', 'enum', 'default', 'const'].includes(keyword) || typeof value !== 'object') return [];
    const named = ['properties', 'patternProperties', '$defs'].includes(keyword) || Array.isArray(value);
    // The schema's own shape says so: an object or a list of schemas under these keywords, one schema under others.
    const entries = named
      ? Object.entries(value as Record<string, Schema>)
      : [['', value as Schema] as const];
    return entries
      .filter(([, each]) => typeof each === 'object')
      .flatMap(([key, each]) => [...schemas(each, `${pointer}/${keyword}${key === '' ? '' : `/${key}`}`)]);
  });
  return [[pointer, schema], ...below];
}

const all = schemas(root);
const properties = all.flatMap(([pointer, schema]) =>
  Object.entries(schema.properties ?? {}).map(
    ([key, each]) => [`${pointer}/properties/${key}`, each] as const,
  ),
);
const ajv = new Ajv2020({ strictRequired: false, allowUnionTypes: true, keywords: ['markdownDescription'] });
ajv.addSchema(root);

test('it is a JSON Schema of 2020-12', () => {
  expect(root['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
  expect(root['$id']).toMatch(/\/v1\//);
  expect(ajv.validateSchema(root), JSON.stringify(ajv.errors)).toBe(true);
  expect(properties.length).toBeGreaterThan(150);
});

test.each(properties)('%s is described, with examples that are right', (pointer, property) => {
  expect(property['description']).toMatch(/^[A-Z`].*\.$/);
  expect(property['markdownDescription']).toMatch(/^[A-Z`].*\.$/);
  expect(property['description']).not.toContain('`');
  const { examples } = property;
  expect(examples).toEqual(expect.arrayContaining([expect.anything()]));
  const validate = ajv.compile({ $ref: `${String(root['$id'])}#${pointer}` });
  for (const example of examples as readonly unknown[]) {
    expect(validate(example), `${JSON.stringify(example)}: ${JSON.stringify(validate.errors)}`).toBe(true);
  }
});

describe('what the messages rely on', () => {
  test.each(all)('%s: objects are closed', (_pointer, schema) => {
    if (schema.properties !== undefined) expect(schema['additionalProperties']).toBe(false);
    if (schema['additionalProperties'] === false)
      expect(schema['patternProperties']).toEqual({ '^x-': true });
  });

  test.each(all)('%s: alternatives only say which keys they need', (_pointer, schema) => {
    for (const keyword of ['anyOf', 'oneOf']) {
      for (const branch of (schema[keyword] ?? []) as readonly object[])
        expect(Object.keys(branch)).toEqual(['required']);
    }
    for (const keyword of ['allOf', 'not', 'const', 'dependentSchemas', 'unevaluatedProperties']) {
      expect(schema).not.toHaveProperty([keyword]);
    }
  });
});
