import { test } from 'vitest';
import { readFileSync, writeFileSync } from 'node:fs';
import { checkShape } from '../src/compiler/shape/check-shape.ts';
import { parse } from '../src/compiler/source/parse.ts';
import { SourceFile } from '../src/compiler/source/source-file.ts';
import { compile } from '../src/compiler/spec/compile.ts';
import { brief } from './compiler/spec/marked.ts';
test('x', () => {
  const texts: string[] = JSON.parse(readFileSync('/tmp/dbl/in.json','utf8'));
  let out='';
  for (const text of texts) {
    const p = parse(new SourceFile('s', text, text.startsWith('{')||text==='[]' ? 'json':'yaml'));
    if (!p.ok) { out += 'NOPARSE\n'; continue; }
    const shape = checkShape(p.value);
    const c = compile(p.value);
    const more = c.ok ? c.warnings : c.diagnostics;
    const wrong = shape.flatMap(({span})=>span===null?[]:[span]);
    const kept = more.filter(({span})=> span!==null && !wrong.some(({start,end})=> span.start.offset < Math.max(end.offset, start.offset+1) && start.offset < span.end.offset));
    if (shape.length===0) continue;
    out += '--- '+JSON.stringify(text)+'\n'+brief(shape).map(x=>'  S '+x).join('\n')+'\n'+brief(kept).map(x=>'  C '+x+'\n').join('');
  }
  writeFileSync('/tmp/dbl/out.txt', out);
});
