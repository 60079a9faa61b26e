/** The commands that agents find on TOOL_PATH and that scripts find on a card: small shell scripts. */
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CLIENT = fileURLToPath(new URL('./client.mjs', import.meta.url));
const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** Answered by the simulator. */
export const HOST_TOOLS = [
  ...[
    'mlxconfig',
    'mstconfig',
    'mlxfwreset',
    'mstfwreset',
    'flint',
    'mstflint',
    'ipmitool',
    'devlink',
    'ip',
    'lspci',
    'reboot',
    'systemctl',
  ],
] as const;
const CARD_TOOLS = ['bfrshlog', 'kubeadm', 'mlxconfig', 'mstconfig'];

/** On a card these do nothing but say so in var/log/dpf-sim/tools.log. */
const RECORDED = [
  ...[
    'sysctl',
    'update-grub',
    'grub-mkconfig',
    'grub2-mkconfig',
    'systemctl',
    'ovs-vsctl',
    'ovs-ofctl',
    'ovs-appctl',
    'modprobe',
    'netplan',
    'ip',
  ],
  ...[
    'devlink',
    'mlnx-sf',
    'mst',
    'chpasswd',
    'usermod',
    'useradd',
    'passwd',
    'hostnamectl',
    'containerd',
    'crictl',
    'swapoff',
    'mount',
    'umount',
  ],
  ...['chroot', 'reboot', 'shutdown', 'efibootmgr', 'bfcfg', 'apt-get', 'dpkg', 'update-initramfs', 'service', 'timedatectl', 'sync'],
];

function write(dir: string, name: string, body: string): void {
  const file = join(dir, name);
  writeFileSync(file, `#!/bin/sh\n${body}\n`);
  chmodSync(file, 0o755);
}

/** Copies what all tools call into a directory: who sees that directory can run them, whatever image it is. Returns the path. */
export function writeClient(dir: string): string {
  const client = join(dir, 'client.mjs');
  copyFileSync(CLIENT, client);
  return client;
}

export interface Tools {
  dir: string;
  client: string;
}

/** Writes the tools of a host into a directory. */
export function writeHostTools({ dir, client }: Tools, ctlPath: string, host: string): void {
  mkdirSync(dir, { recursive: true });
  for (const tool of HOST_TOOLS) {
    write(dir, tool, `exec ${quote(process.execPath)} ${quote(client)} ${quote(ctlPath)} ${quote(host)} - ${tool} "$@"`);
  }
}

/** Writes the tools of all cards into a directory; they learn from their environment which card they run on. */
export function writeCardTools({ dir, client }: Tools): void {
  mkdirSync(dir, { recursive: true });
  for (const tool of CARD_TOOLS) {
    write(dir, tool, `exec ${quote(process.execPath)} ${quote(client)} "$DPF_SIM_CTL" "$DPF_SIM_HOST" "$DPF_SIM_PCI" ${tool} "$@"`);
  }
  for (const tool of RECORDED) {
    write(dir, tool, `mkdir -p "$DPF_ROOT/var/log/dpf-sim" && echo "${tool} $*" >>"$DPF_ROOT/var/log/dpf-sim/tools.log"`);
  }
  // Simulated seconds, at least 0.5 real ones for a wait of that or more; a script whose simulator was killed ends with it.
  write(
    dir,
    'sleep',
    `seconds=$(awk -v s="\${1%s}" -v f="$DPF_SIM_SPEED" 'BEGIN { r = s / f; least = s < 0.5 ? s : 0.5; print r < least ? least : r }')
/bin/sleep "$seconds"
kill -0 "$DPF_SIM_PID" 2>/dev/null || kill -KILL 0`,
  );
}
