/** /opt/dpf/join.sh: joins the tenant cluster. Apart from the first boot, since its way may be open only once the host's network is set up. */
import type { BfCfgInput } from './input.ts';
import { words } from './shell.ts';
import type { TargetFile } from './target-file.ts';

export function joinScript({ join, dpuName }: BfCfgInput): TargetFile[] {
  if (!join) return [];
  const { endpoint, token, caCertHash } = join;
  const command = ['join', endpoint, '--token', token, '--discovery-token-ca-cert-hash', `sha256:${caCertHash}`, '--node-name', dpuName];
  const script = `#!/bin/bash
# Joins the tenant cluster. dpf-join.service starts it again until it succeeds.
set -euo pipefail
root=\${DPF_ROOT-}
systemctl enable containerd kubelet
systemctl start containerd
if [ -e "$root/etc/kubernetes/kubelet.conf" ]; then exit 0; fi
# What a try that was cut off has left behind stops the next one.
systemctl stop kubelet
rm -f "$root/etc/kubernetes/bootstrap-kubelet.conf" "$root/etc/kubernetes/pki/ca.crt"
kubeadm ${words(command)}
`;
  return [{ path: '/opt/dpf/join.sh', content: script, mode: '0700' }];
}
