import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';

type Named = Readonly<Record<string, Schema | boolean>>;

/** The keywords that the schema uses, as far as they hold other schemas. */
interface Schema {
  readonly $schema?: string;
  readonly $id?: string;
  readonly $defs?: Named;
  readonly properties?: Named;
  readonly patternProperties?: Named;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly if?: Schema;
  readonly then?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly description?: string;
  readonly markdownDescription?: string;
  readonly examples?: readonly unknown[];
}

const plainKeywords = ['$ref', 'title', 'type', 'required', 'enum', 'pattern', 'default'];
const numbers = ['minimum', 'maximum', 'exclusiveMinimum'];
const prose = ['$schema', '$id', 'description', 'markdownDescription', 'examples'];
const nesting = [
  '$defs',
  'properties',
  'patternProperties',
  'additionalProperties',
  'items',
  'if',
  'then',
  'anyOf',
  'oneOf',
];
const keywords = new Set([...plainKeywords, ...numbers, ...prose, ...nesting]);

const root: Schema = JSON.parse(
  readFileSync(new URL('../../../schema/stack.schema.json', import.meta.url), 'utf8'),
);

/** Every schema inside the schema, with its JSON pointer. */
function schemas(
  schema: Schema | boolean | undefined,
  pointer: string,
): readonly (readonly [string, Schema])[] {
  if (typeof schema !== 'object') return [];
  const { $defs = {}, properties = {}, additionalProperties, items, anyOf = [], oneOf = [] } = schema;
  const named = {
    $defs,
    properties,
    anyOf: Object.fromEntries(anyOf.entries()),
    oneOf: Object.fromEntries(oneOf.entries()),
  };
  return [
    [pointer, schema],
    ...Object.entries(named).flatMap(([keyword, members]) =>
      Object.entries(members).flatMap(([key, member]) => schemas(member, `${pointer}/${keyword}/${key}`)),
    ),
    ...schemas(additionalProperties, `${pointer}/additionalProperties`),
    ...schemas(items, `${pointer}/items`),
    ...schemas(schema.if, `${pointer}/if`),
    ...schemas(schema.then, `${pointer}/then`),
  ];
}

const all = schemas(root, '');
const properties = all.filter(([pointer]) => /\/properties\/[^/]+$/.test(pointer));
const ajv = new Ajv2020({ strictRequired: false, allowUnionTypes: true, keywords: ['markdownDescription'] });
ajv.addSchema(root);

test('it is a JSON Schema of 2020-12', () => {
  expect(root.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
  expect(root.$id).toMatch(/\/v1\//);
  expect(ajv.validateSchema(root), JSON.stringify(ajv.errors)).toBe(true);
  expect(properties.length).toBeGreaterThan(150);
});

test.each(properties)('%s is described, with examples that are right', (pointer, property) => {
  const { description, markdownDescription, examples = [] } = property;
  expect(description).toMatch(/^[A-Z].*\.$/);
  expect(description).not.toContain('`');
  expect(markdownDescription?.replaceAll('`', '')).toBe(description);
  expect(examples).not.toHaveLength(0);
  const validate = ajv.compile({ $ref: `${root.$id}#${pointer}` });
  for (const example of examples) {
    expect(validate(example), `${JSON.stringify(example)}: ${JSON.stringify(validate.errors)}`).toBe(true);
  }
});

test.each(all)('%s has the form that the messages rely on', (_pointer, schema) => {
  expect(Object.keys(schema).filter((keyword) => !keywords.has(keyword))).toEqual([]);
  // Objects are closed, but for notes.
  if (schema.properties !== undefined) expect(schema.additionalProperties).toBe(false);
  if (schema.additionalProperties === false) expect(schema.patternProperties).toEqual({ '^x-': true });
  // Alternatives only say which keys they need.
  for (const branch of [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) {
    expect(Object.keys(branch)).toEqual(['required']);
  }
});

function keysAt(path: string): readonly string[] {
  const found = all.find(([pointer]) => pointer === path);
  if (found === undefined) throw new Error(`no ${path}`);
  return Object.keys(found[1].properties ?? {});
}

describe('every key of the reference', () => {
  test.each([
    ['', '$schema name deploy docker logrotate manual secrets hosts'],
    ['/properties/docker', 'registries exec'],
    [
      '/$defs/application',
      'data_volumes database containers environment_variables application_type APP_TYPE',
    ],
    ['/$defs/database', 'adapter database host password port reconnect username'],
    [
      '/$defs/container',
      'deploy image tag pull containers startup_time migration command entrypoint env env_from database',
    ],
    [
      '/$defs/container',
      'volumes volumes_from ports links hostname cron notifications restart health stop_signal',
    ],
    [
      '/$defs/container',
      'quiet_signal stop_timeout strategy socket port network networks depends_on log memory cpus user',
    ],
    [
      '/$defs/container',
      'working_dir read_only tmpfs cap_add cap_drop init ulimits shm_size sysctls devices security_opt',
    ],
    [
      '/$defs/container',
      'extra_hosts labels platform files balancer on_failure monitor canary build adopt heartbeat heal',
    ],
    ['/$defs/container', 'scale on route'],
    ['', 'on_failure monitor canary keep hooks waves target balancer'],
    ['/$defs/health', 'path port status timeout interval retries start_period tcp command'],
    ['/$defs/cron', 'minute hour day month weekday timezone overlap timeout catch_up jitter'],
    ['/$defs/strategy', 'order batch surge'],
    ['/$defs/migration', 'command timeout reversible'],
    ['/$defs/notifications', 'rollbar webhook slack'],
    ['/$defs/log', 'max-size max-file'],
  ])('%s: %s', (path, keys) => {
    expect(keysAt(path)).toEqual(expect.arrayContaining(keys.split(' ')));
  });
});
