import { schemaText } from './validator.generated.js';

/** A branch of `anyOf` or `oneOf`: in this schema they only say which keys they need. */
interface Alternative {
  readonly required: readonly string[];
}

/** The part of JSON Schema that `schema/stack.schema.json` is written in, as far as messages need it. */
export interface Shape {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: Shape | boolean;
  readonly items?: Shape;
  readonly enum?: readonly (string | number | boolean)[];
  readonly examples?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly anyOf?: readonly Alternative[];
  readonly oneOf?: readonly Alternative[];
  readonly then?: Pick<Shape, 'oneOf'>;
}

/** The whole schema. */
export interface Schema extends Shape {
  readonly $defs: Readonly<Record<string, Shape>>;
}

let schema: Schema | null = null;

/** The stack file's schema; read when a message needs it, which most files never do. */
export function stackSchema(): Schema {
  const parsed: Schema = schema ?? JSON.parse(schemaText);
  schema = parsed;
  return parsed;
}

/** A shape with its reference followed; what stands beside the reference wins. */
export function resolveShape(shape: Shape): Shape {
  const name = /^#\/\$defs\/(\w+)$/.exec(shape.$ref ?? '')?.[1];
  return name === undefined ? shape : { ...resolveShape(stackSchema().$defs[name] ?? {}), ...shape };
}

/** The shape under a key. */
export function memberShape(shape: Shape, key: string): Shape {
  const { properties = {}, additionalProperties } = shape;
  const named = Object.hasOwn(properties, key) ? properties[key] : undefined;
  if (named) return resolveShape(named);
  return typeof additionalProperties === 'object' ? resolveShape(additionalProperties) : {};
}

/** The shape of a list's items. */
export function itemShape(shape: Shape): Shape {
  return resolveShape(shape.items ?? {});
}
