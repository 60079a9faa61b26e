/** /opt/dpf/first-boot.sh: what needs the running system of the DPU. Its last step writes the marker into the rshim log. */
import { failureMarker, installMarker } from '@dpf/api';
import type { BfCfgInput } from './input.ts';
import { quote, words } from './shell.ts';
import { SYSCTL_FILE } from './system-files.ts';
import type { TargetFile } from './target-file.ts';

const OVS_SCRIPT = '/opt/dpf/ovs.sh';

export function firstBoot(input: BfCfgInput): TargetFile[] {
  const { flavor, uid, attempt } = input;
  const steps = [
    ['nvconfig', nvconfig(flavor.nvconfig ?? [])],
    ['sysctl', flavor.sysctl?.parameters?.length ? `sysctl -e -q -p "$root${SYSCTL_FILE}"\n` : ''],
    ['grub', flavor.grub?.kernelParameters?.length ? 'update-grub\n' : ''],
    ['containerd', flavor.containerdConfig?.registryEndpoint ? CONTAINERD : ''],
    ['ovs', flavor.ovs?.rawConfigScript ? `bash -e "$root${OVS_SCRIPT}"\n` : ''],
  ] as const;
  const script = `#!/bin/bash
# Configures this DPU once, on its first boot. A step that fails ends it and is told to the host.
set -euo pipefail
root=\${DPF_ROOT-}
step=start
failed=${quote(`ERR ${failureMarker(uid, attempt)}`)}
trap '[ $? = 0 ] || bfrshlog "$failed $step"' EXIT
${steps.map(([name, commands]) => (commands ? `\nstep=${name}\n${commands}` : '')).join('')}
step=marker
bfrshlog ${quote(installMarker(uid, attempt))}
`;
  return [
    ...(flavor.ovs?.rawConfigScript ? [{ path: OVS_SCRIPT, content: flavor.ovs.rawConfigScript, mode: '0700' }] : []),
    { path: '/opt/dpf/first-boot.sh', content: script, mode: '0700' },
  ];
}

/** `*` first, so that the settings of one device win. The firmware serves one tool at a time: a refused call is tried again. */
function nvconfig(entries: readonly { device?: string; parameters?: string[] }[]): string {
  const set = entries.filter((entry) => entry.parameters?.length);
  if (!set.length) return '';
  const isAll = (entry: (typeof set)[number]) => (entry.device ?? '*') === '*';
  return [
    NVCONFIG,
    ...set.filter(isAll).map(({ parameters = [] }) => EVERY_DEVICE(words(parameters))),
    ...set.filter((entry) => !isAll(entry)).map(({ device = '', parameters = [] }) => `nvconfig ${words([device, ...parameters])}\n`),
  ].join('');
}

const NVCONFIG = `nvconfig() {
  local device=$1 try
  shift
  for try in 1 2 3; do
    if mlxconfig -d "$device" -y set "$@"; then return 0; fi
    sleep 5
  done
  return 1
}
`;
const EVERY_DEVICE = (parameters: string): string => `found=
for device in "$root"/dev/mst/*; do
  if [ ! -e "$device" ]; then continue; fi
  found=yes
  nvconfig "\${device#"$root"}" ${parameters}
done
if [ -z "$found" ]; then echo 'no device in /dev/mst' >&2; exit 1; fi
`;

/** Has containerd read /etc/containerd/certs.d, whichever of its configuration formats the image has; inline mirrors would contradict it. */
const CONTAINERD = `config=$root/etc/containerd/config.toml
mkdir -p "\${config%/*}"
touch "$config"
awk -v dir='"/etc/containerd/certs.d"' '
  /^[[:space:]]*\\[/ { skipped = /\\.registry\\.mirrors/; registry = /\\.registry\\]/ }
  skipped { next }
  registry && /^[[:space:]]*config_path[[:space:]]*=/ { next }
  { print }
  registry && /^[[:space:]]*\\[/ { print "  config_path = " dir; done = 1 }
  /^version[[:space:]]*=[[:space:]]*3/ { three = 1 }
  END {
    if (done) exit
    if (NR == 0) print "version = 2"
    print "\\n[plugins.\\"" (three ? "io.containerd.cri.v1.images" : "io.containerd.grpc.v1.cri") "\\".registry]\\n  config_path = " dir
  }' "$config" >"$config.dpf"
cat "$config.dpf" >"$config"
rm "$config.dpf"
systemctl try-restart containerd
`;
