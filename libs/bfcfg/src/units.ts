/** systemd units of the scripts below /opt/dpf. Enabled by symlinks, since nothing runs in the installed system yet. */
import type { BfCfgInput } from './input.ts';
import type { TargetFile } from './target-file.ts';

export interface Unit {
  name: string;
  text: string;
}

export const units = ({ join }: BfCfgInput): Unit[] => [FIRST_BOOT, ...(join ? [JOIN] : [])];

export const unitFile = ({ name, text }: Unit): TargetFile => ({ path: `/etc/systemd/system/${name}`, content: text, mode: '0644' });

const WANTS = '/etc/systemd/system/multi-user.target.wants';

/** A command for each unit; the names are ours. */
export const enable = (all: readonly Unit[]): string =>
  `mkdir -p "$DPF_ROOT${WANTS}"\n${all.map(({ name }) => `ln -sfn ../${name} "$DPF_ROOT${WANTS}/${name}"\n`).join('')}`;

const FIRST_BOOT: Unit = {
  name: 'dpf-first-boot.service',
  text: `[Unit]
Description=Configure this DPU once after its installation
ConditionPathExists=!/var/lib/dpf/configured
After=local-fs.target network.target mst.service openibd.service mlnx_bf_configure.service openvswitch-switch.service

[Service]
Type=oneshot
RemainAfterExit=yes
StateDirectory=dpf
ExecStart=/opt/dpf/first-boot.sh
ExecStartPost=/usr/bin/touch /var/lib/dpf/configured
TimeoutStartSec=15min

[Install]
WantedBy=multi-user.target
`,
};

const JOIN: Unit = {
  name: 'dpf-join.service',
  text: `[Unit]
Description=Join the tenant cluster
ConditionPathExists=!/etc/kubernetes/kubelet.conf
After=network-online.target dpf-first-boot.service
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/opt/dpf/join.sh
Restart=on-failure
RestartSec=10
TimeoutStartSec=10min

[Install]
WantedBy=multi-user.target
`,
};
