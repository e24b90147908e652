import type { ContainerSpec } from '../spec/container-spec.ts';
import type { Problems } from '../spec/problems.ts';
import type { Range } from '../span.ts';
import type { PortSpec } from './instance-spec.ts';

interface Claim {
  readonly container: ContainerSpec;
  readonly instance: string;
  readonly address: string | null;
  readonly range: Range;
}

/** Ports of the host that containers of the stack take, each only once: `STK315`, or `STK316` among instances. */
export class HostPorts {
  readonly #claims = new Map<string, Claim[]>();
  readonly #problems: Problems;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  claim(container: ContainerSpec, instance: string, port: PortSpec, range: Range): void {
    if (port.hostPort === null) return;
    const key = `${port.hostPort}/${port.protocol}`;
    const address = everywhere(port.hostIp) ? null : port.hostIp;
    const claim = { container, instance, address, range };
    const others = this.#claims.get(key);
    if (others === undefined) {
      this.#claims.set(key, [claim]);
      return;
    }
    const other = others.find((one) => one.address === null || address === null || one.address === address);
    if (other === undefined) others.push(claim);
    else if (other.container === container && other.instance !== instance) {
      this.#problems.error(
        'STK316',
        `\`${container.name}\` has ${container.count} instances, and only one can have port ${key} of the host`,
        range,
        {
          related: [{ range: container.range, message: `\`containers: ${container.count}\`` }],
          help: `let the engine choose (\`${port.containerPort}\`), put a balancer in front, or keep one instance`,
        },
      );
    } else {
      this.#problems.error(
        'STK315',
        `port ${key} of the host is taken by \`${other.container.name}\``,
        range,
        {
          related: [{ range: other.range, message: 'taken here' }],
          help: 'choose another port, or another address of the host',
        },
      );
    }
  }
}

function everywhere(address: string | null): boolean {
  return address === null || address === '0.0.0.0' || address === '::';
}
