import type { InstanceKey } from '../../src/compiler/desired/desired-state.ts';
import type { Operation } from '../../src/compiler/plan/operation.ts';
import type { Change, NodeId, Plan, PlanNode, Reason } from '../../src/compiler/plan/plan.ts';

/** What a test says of a change; everything else is empty. */
export type ChangeSketch = Pick<Change, 'id' | 'subject' | 'action'> & Partial<Change>;

/** A change of an instance of application `shop`. */
export function instanceChange(
  instance: string,
  action: Change['action'],
  rest: Partial<Change> = {},
): Change {
  const container = instance.replace(/\d+$/, '');
  return change({
    id: `shop/${instance}`,
    subject: { kind: 'instance', application: 'shop', container, instance },
    action,
    ...rest,
  });
}

/** A change with everything that a sketch leaves out. */
export function change(sketch: ChangeSketch): Change {
  return {
    reasons: [],
    from: null,
    to: null,
    strategy: null,
    gate: null,
    makes: null,
    waitsFor: [],
    notes: [],
    judgement: null,
    ...sketch,
  };
}

/** A field that differs. */
export function differs(field: string, from: string | null, to: string | null): Reason {
  return { kind: 'field', field, from, to };
}

/** A node; its undo, when there is one, belongs to a scope of its group. */
export function node(
  group: string,
  verb: string,
  op: Operation,
  after: readonly PlanNode[] = [],
  undo: readonly Operation[] = [],
): PlanNode {
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as the plan builder makes them
    id: `${group} ${verb}` as NodeId,
    op,
    after: after.map(({ id }) => id),
    group,
    reason: '',
    destructive: false,
    undoScope: undo.length > 0 || verb === 'gate' ? `${group}.scope` : null,
    undo,
  };
}

/** A plan of stack `shop`. */
export function samplePlan(changes: readonly Change[], nodes: readonly PlanNode[] = []): Plan {
  return { formatVersion: 1, stack: 'shop', nodes, changes, rolls: [], hooks: [], warnings: [], agents: [] };
}

/** The key of an instance of application `shop`. */
function instanceKey(instance: string): InstanceKey {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as `resolve` makes them
  return `shop/${instance}` as InstanceKey;
}

/** The nodes of a start-first replacement of `app0`, generation 3 by 4, shortened. */
export function replacement(): readonly PlanNode[] {
  const target = { kind: 'created', instance: instanceKey('app0'), generation: 4 } as const;
  const create = node(
    'shop/app0',
    'create',
    { kind: 'container.create', instance: instanceKey('app0'), generation: 4, name: 'shop-app0.4.next' },
    [],
    [{ kind: 'container.rename', target, name: 'shop-app0.4.failed' }],
  );
  const start = node(
    'shop/app0',
    'start',
    { kind: 'container.start', target },
    [create],
    [{ kind: 'container.stop', target, timeoutS: 30 }],
  );
  const gate = node(
    'shop/app0',
    'gate',
    { kind: 'container.gate', instance: instanceKey('app0'), generation: 4, target },
    [start],
  );
  const keep = node(
    'shop/app0',
    'keep',
    { kind: 'container.policy', target, policy: 'always', maxRetries: 0 },
    [gate],
  );
  const web = node(
    'shop/web0',
    'start',
    { kind: 'container.start', target: { kind: 'existing', id: '1a2b3c4d5e6f7788', generation: 3 } },
    [keep],
  );
  return [create, start, gate, keep, web];
}
