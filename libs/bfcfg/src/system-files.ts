/** Settings of the installed system that are files, in place before its first boot. */
import type { BfCfgInput } from './input.ts';
import { quote } from './shell.ts';
import type { TargetFile } from './target-file.ts';

export const SYSCTL_FILE = '/etc/sysctl.d/99-dpf.conf';

export function systemFiles({ flavor, hostname, join }: BfCfgInput): TargetFile[] {
  const kernelParameters = flavor.grub?.kernelParameters ?? [];
  const sysctls = flavor.sysctl?.parameters ?? [];
  const registry = flavor.containerdConfig?.registryEndpoint;
  return [
    { path: '/etc/hostname', content: `${hostname}\n`, mode: '0644' },
    { path: '/etc/hosts', content: `127.0.1.1 ${hostname}\n`, append: true },
    { path: '/etc/cloud/cloud.cfg.d/99-dpf.cfg', content: `preserve_hostname: true\n${join ? 'network: {config: disabled}\n' : ''}` },
    ...(kernelParameters.length
      ? [{ path: '/etc/default/grub.d/99-dpf.cfg', content: `GRUB_CMDLINE_LINUX=${quote(kernelParameters.join(' '))}\n` }]
      : []),
    ...(sysctls.length ? [{ path: SYSCTL_FILE, content: sysctls.map((line) => `${line}\n`).join('') }] : []),
    ...(registry ? [{ path: '/etc/containerd/certs.d/nvcr.io/hosts.toml', content: mirror(registry) }] : []),
    ...(join ? [...network(flavor.hostNetwork), ...kubernetes()] : []),
  ];
}

/** JSON strings are TOML basic strings. */
const mirror = (endpoint: string): string =>
  `server = "https://nvcr.io"\n\n[host.${JSON.stringify(endpoint)}]\n  capabilities = ["pull", "resolve"]\n`;

/** The way to the tenant cluster is the channel to the host (a bridge over the representor of its VF), as in the peer; the console address stays. */
function network(hostNetwork: { mtu?: number; channelVf?: number } | undefined): TargetFile[] {
  const { mtu = 1500, channelVf = 1 } = hostNetwork ?? {};
  const netplan = (name: string, body: object): TargetFile => ({
    path: `/etc/netplan/${name}`,
    // JSON is YAML.
    content: `${JSON.stringify({ network: { version: 2, renderer: 'networkd', ...body } }, null, 1)}\n`,
    mode: '0600',
  });
  const representor = `pf0vf${channelVf}`;
  return [
    netplan('98-oob-tmfifo.yaml', {
      ethernets: { oob_net0: { dhcp4: false }, tmfifo_net0: { dhcp4: false, addresses: ['192.168.100.2/30'] } },
    }),
    netplan('99-dpf-comm-ch.yaml', {
      ethernets: { [representor]: { mtu } },
      bridges: { 'br-comm-ch': { interfaces: [representor], mtu, dhcp4: true } },
    }),
  ];
}

/** What kubeadm asks of a machine. The image's own kubelet drop-ins start a kubelet without a cluster. */
const kubernetes = (): TargetFile[] => [
  { path: '/etc/modules-load.d/98-dpf.conf', content: 'overlay\nbr_netfilter\n' },
  {
    path: '/etc/sysctl.d/98-dpf.conf',
    content: 'net.ipv4.ip_forward = 1\nnet.bridge.bridge-nf-call-iptables = 1\nnet.bridge.bridge-nf-call-ip6tables = 1\n',
  },
  {
    path: '/etc/systemd/system/kubelet.service.d/10-bf.conf',
    content: `[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
`,
  },
  // An empty file of the same name hides the one below /usr/lib.
  { path: '/etc/systemd/system/kubelet.service.d/90-kubelet-bluefield.conf', content: '' },
];
