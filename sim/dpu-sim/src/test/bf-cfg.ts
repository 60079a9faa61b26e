/** A bf.cfg as the project renders it, as far as the hardware cares. */

const write = (path: string, content: string) => `cat >"$DPF_ROOT${path}" <<'END'\n${content}END\n`;

/** @param firstBoot commands of the first boot, before the marker
 * @param join arguments of `kubeadm join`; absent: joins nothing */
export function bfCfg({
  marker = 'dpu-uid/1',
  firstBoot = '',
  join,
}: { marker?: string; firstBoot?: string; join?: string[] } = {}): string {
  const units = ['dpf-first-boot', ...(join ? ['dpf-join'] : [])];
  const text = `ubuntu_PASSWORD='$1$hash'
bfb_modify_os() {
: "\${DPF_ROOT:=/mnt}"
mkdir -p "$DPF_ROOT/opt/dpf" "$DPF_ROOT/etc/systemd/system/multi-user.target.wants"
${write('/opt/dpf/first-boot.sh', `set -e\n${firstBoot}\nbfrshlog 'DPF ${marker} configured'\n`)}
${join ? write('/opt/dpf/join.sh', `kubeadm join ${join.map((word) => `'${word}'`).join(' ')}\n`) : ''}
${write('/etc/systemd/system/dpf-first-boot.service', '[Service]\nExecStart=/opt/dpf/first-boot.sh\n')}
${join ? write('/etc/systemd/system/dpf-join.service', '[Service]\nExecStart=/opt/dpf/join.sh\n') : ''}
${units.map((unit) => `ln -sfn ../${unit}.service "$DPF_ROOT/etc/systemd/system/multi-user.target.wants/${unit}.service"`).join('\n')}
}
`;
  return text + '\n'.repeat((8 - (Buffer.byteLength(text) % 8)) % 8);
}
