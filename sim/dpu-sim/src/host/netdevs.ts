/** The network devices of a host, as `ip` and /sys/class/net see them. PF and VF devices come and go with their PCI functions; bridges are made by hand. */
import { createHash } from 'node:crypto';

export interface NetDevice {
  name: string;
  kind: 'physical' | 'virtual' | 'bridge';
  /** PCI address with function; none for a bridge. */
  bdf?: string;
  mac: string;
  mtu: number;
  up: boolean;
  /** The bridge that it is a port of. */
  master?: string;
}

export class NetDevices {
  #devices = new Map<string, NetDevice>();

  list(): NetDevice[] {
    return [...this.#devices.values()];
  }

  get(name: string): NetDevice | undefined {
    return this.#devices.get(name);
  }

  of(bdf: string): NetDevice | undefined {
    return this.list().find((device) => device.bdf === bdf);
  }

  ports(bridge: string): NetDevice[] {
    return this.list().filter((device) => device.master === bridge);
  }

  add(name: string, kind: NetDevice['kind'], bdf?: string): NetDevice {
    const hash = createHash('sha256')
      .update(`${name} ${bdf ?? ''}`)
      .digest('hex');
    const mac = `b8:3f:d2:${hash.slice(0, 2)}:${hash.slice(2, 4)}:${hash.slice(4, 6)}`;
    const device: NetDevice = { name, kind, mac, mtu: 1500, up: kind === 'physical', ...(bdf && { bdf }) };
    this.#devices.set(name, device);
    return device;
  }

  /** The device goes; as a bridge it lets its ports go. */
  remove(name: string): void {
    this.#devices.delete(name);
    for (const port of this.ports(name)) delete port.master;
  }

  restore(devices: readonly NetDevice[]): void {
    this.#devices = new Map(devices.map((device) => [device.name, { ...device }]));
  }
}
