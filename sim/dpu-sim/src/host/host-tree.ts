/** HOST_ROOT of a host: dev, sys, proc, etc and bin as an agent sees them. A host that is down shows nothing. */
import { join } from 'node:path';
import type { Card } from '../card/card.ts';
import { attribute, dir, link, outside, text, type Dir, type TreeNode } from '../tree.ts';
import type { Host } from './host.ts';
import { netClass } from './net-tree.ts';
import { pciDevices } from './pci-tree.ts';

export function hostTree(host: Host): Dir {
  return dir(() => {
    const plain = { etc: outside(join(host.dir, 'etc')), bin: outside(join(host.dir, 'bin')) };
    if (!host.up) return plain;
    return { dev: dev(host), sys: sys(host), proc: proc(host), ...plain };
  });
}

const dev = (host: Host): Dir =>
  dir(() => ({
    ipmi0: text(() => ''),
    ...Object.fromEntries(host.cards.filter((card) => host.hasRshim(card)).map((card) => [`rshim${card.index}`, rshim(card)])),
  }));

function rshim(card: Card): Dir {
  return dir(() => ({
    boot: { kind: 'file', mode: 0o600, open: () => card.device.openBoot() },
    misc: misc(card),
    console: text(() => ''),
    rshim: text(() => ''),
  }));
}

/** The first read of an open file gives the whole report, the next one nothing; each write is one command. */
function misc(card: Card): TreeNode {
  return {
    kind: 'file',
    mode: 0o600,
    open() {
      let read = false;
      return {
        async read(size) {
          if (read) return Buffer.alloc(0);
          read = true;
          return Buffer.from(await card.device.readMisc()).subarray(0, size);
        },
        async write(data) {
          await card.device.writeMisc(data.toString());
          return data.length;
        },
      };
    },
  };
}

const proc = (host: Host): Dir => {
  return dir(() => ({
    uptime: text(() => `${host.uptime.toFixed(2)} ${(host.uptime * 2).toFixed(2)}\n`),
    sys: dir(() => ({ kernel: dir(() => ({ random: dir(() => ({ boot_id: text(() => `${host.bootId}\n`) })) })) })),
  }));
};

const sys = (host: Host): Dir =>
  dir(() => ({
    bus: dir(() => ({ pci: dir(() => ({ devices: pciDevices(host), drivers: dir(() => ({ mlx5_core: mlx5(host) })) })) })),
    class: dir(() => ({ net: netClass(host) })),
  }));

const mlx5 = (host: Host): Dir =>
  dir(() => ({
    bind: attribute(
      () => '',
      () => undefined,
    ),
    unbind: attribute(
      () => '',
      () => undefined,
    ),
    ...Object.fromEntries(
      host.cards
        .filter((card) => card.present)
        .flatMap((card) => [0, 1].map((pf) => [`${card.pci}.${pf}`, link(`../../devices/${card.pci}.${pf}`)])),
    ),
  }));
