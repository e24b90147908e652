import { describe, expect, test } from 'vitest';
import { type DocumentNode, get } from '../../../src/compiler/source/document.ts';
import { parse } from '../../../src/compiler/source/parse.ts';
import { SourceFile, type SourceFormat } from '../../../src/compiler/source/source-file.ts';

/** Every node and key as `line:column text`, in the order of the document. */
function places(text: string, format: SourceFormat): readonly string[] {
  const source = new SourceFile('stack', text, format);
  const parsed = parse(source);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  const at = ({ start, end }: { start: number; end: number }) => {
    const { line, column } = source.position(start);
    return `${line}:${column} ${JSON.stringify(text.slice(start, end))}`;
  };
  const visit = (node: DocumentNode): readonly string[] => {
    if (node.kind === 'array') return [at(node.range), ...node.items.flatMap(visit)];
    if (node.kind === 'scalar') return [at(node.range)];
    return [
      at(node.range),
      ...node.properties.flatMap(({ keyRange, value }) => [at(keyRange), ...visit(value)]),
    ];
  };
  return visit(parsed.value.root);
}

test('every node of a JSON text knows its place', () => {
  expect(places('{"a": [1,\n "é😀", null], "b": {}}', 'json')).toEqual([
    '1:1 "{\\"a\\": [1,\\n \\"é😀\\", null], \\"b\\": {}}"',
    '1:2 "\\"a\\""',
    '1:7 "[1,\\n \\"é😀\\", null]"',
    '1:8 "1"',
    '2:2 "\\"é😀\\""',
    '2:9 "null"',
    '2:16 "\\"b\\""',
    '2:21 "{}"',
  ]);
});

test('every node of a YAML text knows its place, without the blank space behind it', () => {
  expect(places('a: # one\n  - 1.10\n  - "x"\n\nb: {c: d}\ne:\nf: |\n  g\n', 'yaml')).toEqual([
    '1:1 "a: # one\\n  - 1.10\\n  - \\"x\\"\\n\\nb: {c: d}\\ne:\\nf: |\\n  g"',
    '1:1 "a"',
    '2:3 "- 1.10\\n  - \\"x\\""',
    '2:5 "1.10"',
    '3:5 "\\"x\\""',
    '5:1 "b"',
    '5:4 "{c: d}"',
    '5:5 "c"',
    '5:8 "d"',
    '6:1 "e"',
    '6:3 ""',
    '7:1 "f"',
    '7:4 "|\\n  g"',
  ]);
});

describe('what comes through an alias keeps the place of its anchor', () => {
  const text = 'x: &x\n  a: 1\ny: *x\nz:\n  <<: *x\n';

  test('an alias', () => {
    expect(places(text, 'yaml').slice(3, 8)).toEqual([
      '2:3 "a"',
      '2:6 "1"',
      '3:1 "y"',
      '2:3 "a: 1"',
      '2:3 "a"',
    ]);
  });

  test('merged keys', () => {
    expect(places(text, 'yaml').slice(-3)).toEqual(['5:3 "<<: *x"', '2:3 "a"', '2:6 "1"']);
  });

  test('and is the same node, however often', () => {
    const parsed = parse(new SourceFile('stack.yaml', text, 'yaml'));
    const root = parsed.ok ? parsed.value.root : undefined;
    expect(get(root, 'y')).toBeDefined();
    expect(get(root, 'y')).toBe(get(root, 'x'));
  });
});
