import type { ContainerSpec } from '../spec/container-spec.ts';
import { variesByInstance } from '../spec/template.ts';
import { parsePorts } from '../spec/values/port.ts';
import type { PortSpec } from './instance-spec.ts';
import type { Resolution } from './resolution.ts';

/** One instance's ports, sorted; those of the host are claimed. */
export function containerPorts(
  container: ContainerSpec,
  index: number,
  { expander, hostPorts, problems }: Resolution,
): readonly PortSpec[] {
  const scope = { application: container.application, container: container.name, index };
  const ports: PortSpec[] = [];
  const before = problems.errors;
  for (const template of container.ports) {
    for (const port of expander.parse(template, scope, 'STK314', parsePorts) ?? []) {
      ports.push(port);
      if (container.count === 0) continue;
      hostPorts.claim(container, `${container.name}${index}`, port, template.place.range);
      // Ports that do not vary are read once, and still every instance wants them.
      if (container.count > 1 && !variesByInstance(template)) {
        hostPorts.claim(container, `${container.name}${index + 1}`, port, template.place.range);
      }
      // A range that clashes, clashes at every port.
      if (problems.errors > before) return ports;
    }
  }
  return ports.sort(
    (a, b) =>
      a.containerPort - b.containerPort ||
      (a.hostPort ?? 0) - (b.hostPort ?? 0) ||
      compare(a.protocol, b.protocol) ||
      compare(a.hostIp ?? '', b.hostIp ?? ''),
  );
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
