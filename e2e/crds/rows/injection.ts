/** Attempts to have something run, or written elsewhere, by every text of the API that reaches bf.cfg. What is accepted is shown to be harmless in bash. */
import type { DPUFlavorSpec } from '@dpf/api';

/** `ovs-vsctl pwned` is recorded by whichever shell runs it. */
export const PAYLOADS = {
  'a command substitution': '$(ovs-vsctl pwned)',
  backticks: '`ovs-vsctl pwned`',
  'a process substitution': '<(ovs-vsctl pwned)',
  'an arithmetic one': '$((a[$(ovs-vsctl pwned)]))',
  'a single quote': "'; ovs-vsctl pwned; '",
  'a double quote': '"; ovs-vsctl pwned; "',
  'a backslash': "\\'; ovs-vsctl pwned #",
  'a semicolon': 'x; ovs-vsctl pwned',
  'a pipe': 'x|ovs-vsctl${IFS}pwned',
  'the background': 'x&ovs-vsctl\tpwned&',
  'a new line': 'x\novs-vsctl pwned\n',
  'a carriage return': 'x\r\novs-vsctl pwned\r\n',
  'the end of a here-document': "x\nDPF_END\novs-vsctl pwned\ncat <<'DPF_END'\n",
  'the end of a function': '}\n}\nbfb_post_install() { ovs-vsctl pwned; }',
  'a NUL': 'x\u0000; ovs-vsctl pwned',
  'quotes beyond ASCII': '’; ovs-vsctl pwned; ‘',
  'a line separator': 'x\u2028ovs-vsctl pwned',
  'a way up': '../../../../ovs-vsctl-pwned',
  'an absolute path': '/../ovs-vsctl-pwned',
  'an option': '--ovs-vsctl-pwned',
  'a tilde and a glob': '~/*?[a-z]',
  'formats and escapes': '%s%n\\n\\0140id\\0140',
} as const;
export type Payload = keyof typeof PAYLOADS;

export interface Target {
  /** A flavor that has the texts in this field. */
  flavor(texts: readonly string[]): DPUFlavorSpec;
  /** What the field is around the payload. */
  text?(payload: string): string;
  /** The payloads that the schema lets through; all others are refused. */
  accepts: readonly Payload[];
  /** Where a refusal points to, with one text, and what it says. */
  at?: string;
  says?: string;
  /** Where a payload meets another rule, or two: what is said of it. */
  but?: Partial<Record<Payload, readonly string[]>>;
}

const NONE: readonly Payload[] = [];
const ALL = Object.keys(PAYLOADS) as Payload[];
/** All that stand on one line of printable ASCII. */
const ONE_LINE = ALL.filter((name) => /^[ -~]*$/.test(PAYLOADS[name]));
const NO_DOTS = 'configFiles: path must not contain . or .. as a segment';
const ABSOLUTE = 'configFiles: path must be the absolute path of a file, of letters, digits, blanks and . _ @ : + , % = ~ -';
const override = (path: string) => ({ path, operation: 'override' as const, raw: 'x' });

export const TARGETS: Record<string, Target> = {
  'a kernel parameter': {
    flavor: (texts) => ({ grub: { kernelParameters: [...texts] } }),
    accepts: NONE,
    at: 'spec.grub.kernelParameters[0]',
    says: 'kernelParameters: write name or name=value, without blanks, quotes and the characters that a shell reads; one parameter an entry',
  },
  'the value of a kernel parameter': {
    flavor: (texts) => ({ grub: { kernelParameters: [...texts] } }),
    text: (payload) => `a=${payload}`,
    accepts: ['a way up', 'an absolute path', 'an option', 'a tilde and a glob'],
    at: 'spec.grub.kernelParameters[0]',
    says: 'kernelParameters: write name or name=value, without blanks, quotes and the characters that a shell reads; one parameter an entry',
  },
  'a setting of the kernel': {
    flavor: (texts) => ({ sysctl: { parameters: [...texts] } }),
    text: (payload) => `a=${payload}`,
    accepts: ONE_LINE,
    at: 'spec.sysctl.parameters[0]',
    says: 'sysctl.parameters: write name=value on one line, for example net.ipv4.ip_forward=1',
  },
  'a device': {
    flavor: (texts) => ({ nvconfig: texts.map((device) => ({ device, parameters: ['A=1'] })) }),
    accepts: NONE,
    at: 'spec.nvconfig[0].device',
    says: 'nvconfig: device must be *, a PCI address such as 03:00.0, or a path below /dev/mst',
  },
  'a device below /dev/mst': {
    flavor: (texts) => ({ nvconfig: texts.map((device) => ({ device, parameters: ['A=1'] })) }),
    text: (payload) => `/dev/mst/${payload}`,
    accepts: NONE,
    at: 'spec.nvconfig[0].device',
    says: 'nvconfig: device must be *, a PCI address such as 03:00.0, or a path below /dev/mst',
  },
  'a firmware setting': {
    flavor: (texts) => ({ nvconfig: [{ device: '*', parameters: [...texts] }] }),
    text: (payload) => `A=${payload}`,
    accepts: ['an option'],
    at: 'spec.nvconfig[0].parameters[0]',
    says: 'nvconfig: write NAME=value in capitals, as mlxconfig takes it, for example NUM_OF_VFS=30',
  },
  'the name of a parameter of the installer': {
    flavor: (texts) => ({ bfcfgParameters: [...texts] }),
    text: (payload) => `${payload}=x`,
    accepts: NONE,
    at: 'spec.bfcfgParameters[0]',
    says: 'bfcfgParameters: write NAME=value on one line of printable ASCII, for example WITH_NIC_FW_UPDATE=yes',
  },
  'the value of a parameter of the installer': {
    flavor: (texts) => ({ bfcfgParameters: [...texts] }),
    text: (payload) => `A=${payload}`,
    accepts: ONE_LINE,
    at: 'spec.bfcfgParameters[0]',
    says: 'bfcfgParameters: write NAME=value on one line of printable ASCII, for example WITH_NIC_FW_UPDATE=yes',
  },
  'the path of a file': {
    flavor: (texts) => ({ configFiles: texts.map(override) }),
    accepts: NONE,
    at: 'spec.configFiles[0].path',
    says: ABSOLUTE,
    but: { 'a way up': [ABSOLUTE, NO_DOTS], 'an absolute path': [NO_DOTS] },
  },
  'the name of a file': {
    flavor: (texts) => ({ configFiles: texts.map(override) }),
    text: (payload) => `/etc/${payload}`,
    accepts: ['an option'],
    at: 'spec.configFiles[0].path',
    says: ABSOLUTE,
    but: { 'a way up': [NO_DOTS], 'an absolute path': [ABSOLUTE, NO_DOTS] },
  },
  'the content of a file': {
    flavor: (texts) => ({ configFiles: texts.map((raw, index) => ({ path: `/f${index}`, operation: 'append', raw })) }),
    accepts: ALL,
  },
  'the script of Open vSwitch, which runs on the DPU and nowhere else': {
    flavor: ([rawConfigScript = '']) => ({ ovs: { rawConfigScript } }),
    accepts: ALL,
  },
  'the mode of a file': {
    flavor: (texts) => ({ configFiles: texts.map((permissions) => ({ ...override('/f'), permissions })) }),
    text: (payload) => payload.slice(0, 16),
    accepts: NONE,
    at: 'spec.configFiles[0].permissions',
    says: 'configFiles: permissions must be a mode in octal, in quotes, for example "0755"',
  },
  'the host of a registry': {
    flavor: ([registryEndpoint = '']) => ({ containerdConfig: { registryEndpoint } }),
    text: (payload) => `http://${payload}`,
    accepts: NONE,
    at: 'spec.containerdConfig.registryEndpoint',
    says: 'registryEndpoint must be an http:// or https:// address of host, port and path, for example http://10.0.0.7:5000',
  },
  'the path of a registry': {
    flavor: ([registryEndpoint = '']) => ({ containerdConfig: { registryEndpoint } }),
    text: (payload) => `http://h/${payload}`,
    accepts: ['a way up', 'an absolute path', 'an option'],
    at: 'spec.containerdConfig.registryEndpoint',
    says: 'registryEndpoint must be an http:// or https:// address of host, port and path, for example http://10.0.0.7:5000',
  },
  'the name of a Secret': {
    flavor: ([name = '']) => ({ configFiles: [{ path: '/f', operation: 'append', secretRef: { name, key: 'k' } }] }),
    accepts: NONE,
    at: 'spec.configFiles[0].secretRef.name',
    says: 'secretRef.name must be the name of a Secret: lowercase letters, digits, - and ., with a letter or digit at both ends',
  },
  'the key of a ConfigMap': {
    flavor: ([key = '']) => ({ configFiles: [{ path: '/f', operation: 'append', configMapRef: { name: 'a', key } }] }),
    accepts: ['an option'],
    at: 'spec.configFiles[0].configMapRef.key',
    says: 'configMapRef.key must be a key of the ConfigMap: letters, digits, -, _ and .',
  },
  'the key of a password': {
    flavor: ([key = '']) => ({ passwordSecretRef: { name: 'a', key } }),
    accepts: ['an option'],
    at: 'spec.passwordSecretRef.key',
    says: 'passwordSecretRef.key must be a key of the Secret: letters, digits, -, _ and .',
  },
};
