/** DPUFlavor: what is accepted and what is refused, with the words that a user reads. Injection attempts have a table of their own. */
import { file, refusedFiles } from './config-files.ts';
import { UNCHECKED, long, times, type Table } from './row.ts';

const HASH = '$6$salt$hash/of.password';
const kernel = (...kernelParameters: unknown[]) => ({ grub: { kernelParameters } });
const sysctl = (...parameters: unknown[]) => ({ sysctl: { parameters } });
const nvconfig = (...parameters: unknown[]) => ({ nvconfig: [{ device: '*', parameters }] });
const device = (name: unknown) => ({ nvconfig: [{ device: name, parameters: ['A=1'] }] });
const bfcfg = (...bfcfgParameters: unknown[]) => ({ bfcfgParameters });
const registry = (registryEndpoint: unknown) => ({ containerdConfig: { registryEndpoint } });
const network = (hostNetwork: object) => ({ hostNetwork });
const password = (name: unknown, key: unknown) => ({ passwordSecretRef: { name, key } });

export const dpuFlavor: Table = {
  kind: 'DPUFlavor',
  accepted: {
    'everything as the image has it': { spec: {} },
    'empty lists and sections': {
      spec: { grub: {}, sysctl: { parameters: [] }, nvconfig: [], ovs: {}, bfcfgParameters: [], configFiles: [], containerdConfig: {} },
    },
    'kernel parameters of many kinds': {
      spec: kernel(
        'quiet',
        'console=ttyAMA0,115200n8',
        'earlycon=pl011,0x13010000',
        'root=UUID=0-1/a',
        'isolcpus=managed_irq,domain,2-7',
        'a=',
        'module.x=[1]',
      ),
    },
    'as many kernel parameters as go': { spec: kernel(...times(128, (index) => long(256, `a${index}=`))) },
    'settings of many kinds': {
      spec: sysctl(
        'net.ipv4.ip_forward=1',
        'net.ipv4.tcp_rmem = 4096 87380 16777216',
        '-net.ipv6.conf.*.forwarding=1',
        'kernel.core_pattern=|/bin/false %p',
      ),
    },
    'as many settings as go': { spec: sysctl(...times(256, (index) => long(512, `a${index}=`))) },
    'firmware settings for all devices unless said': {
      spec: { nvconfig: [{ parameters: ['SRIOV_EN=1'] }] },
      becomes: { nvconfig: [{ device: '*', parameters: ['SRIOV_EN=1'] }] },
    },
    'a device without settings': { spec: { nvconfig: [{ device: '03:00.0' }] } },
    'devices of every spelling': {
      spec: {
        nvconfig: ['*', '03:00.0', '0000:03:00.7', '/dev/mst/mt41692_pciconf0', '/dev/mst/mt41692_pciconf0.1'].map((name) => ({
          device: name,
          parameters: ['A=1'],
        })),
      },
    },
    'a list of firmware settings': { spec: nvconfig('NUM_OF_VFS=30', 'A[0]=1', 'A[0..7]=0x1,2', 'LINK_TYPE_P1=ETH(2)') },
    'as many devices and settings as go': {
      spec: {
        nvconfig: times(16, (at) => ({ device: long(128, `/dev/mst/${at}`), parameters: times(128, (index) => long(256, `A${index}=`)) })),
      },
    },
    'a script': { spec: { ovs: { rawConfigScript: 'ovs-vsctl add-br a\n' } } },
    'the longest script': { spec: { ovs: { rawConfigScript: long(65_536) } } },
    'parameters of the installer': { spec: bfcfg('WITH_NIC_FW_UPDATE=yes', 'EMPTY=', '_a=b c', 'Q="a b"', 'PATHS=/a:/b', 'UID_MAX=7') },
    'as many parameters as go': { spec: bfcfg(...times(128, (index) => long(1024, `A${index}=`))) },
    'password hashes, quoted or not': { spec: bfcfg(`ubuntu_PASSWORD=${HASH}`) },
    'a password hash in single quotes': { spec: bfcfg(`ubuntu_PASSWORD='${HASH}'`) },
    'a password hash in double quotes': { spec: bfcfg(`ubuntu_PASSWORD="${HASH}"`) },
    'a password in a Secret': { spec: password('pw', 'hash') },
    'the longest references': { spec: { ...password(long(253), long(253)), ...file({ secretRef: { name: long(253), key: long(253) } }) } },
    'content of every kind': {
      spec: {
        configFiles: [
          { path: '/a', operation: 'append', raw: '' },
          { path: '/b', operation: 'override', secretRef: { name: 'a.b', key: 'tls.key' } },
          { path: '/c', operation: 'override', configMapRef: { name: 'c', key: '_K-1' } },
        ],
      },
    },
    'paths with odd names': {
      spec: {
        configFiles: ['/...', '/a b', '/.hidden', '/a/..b', '/a/b..', '/@:+,%=~-'].map((path) => ({ path, operation: 'append', raw: '' })),
      },
    },
    'the longest path and content': { spec: file({ path: long(1024, '/'), raw: long(98_304) }) },
    'as many files as go': { spec: { configFiles: times(64, (index) => ({ path: `/f${index}`, operation: 'append', raw: 'x' })) } },
    'modes of three, four and five digits': {
      spec: {
        configFiles: ['644', '0755', '4755', '04755'].map((permissions) => ({ path: '/a', operation: 'override', raw: '', permissions })),
      },
    },
    'registries by name and by address': { spec: registry('http://10.0.0.7:5000') },
    'a registry by IPv6 address and path': { spec: registry('https://[fd00::7]:443/mirror/nvcr.io') },
    'the longest registry': { spec: registry(long(512, 'http://')) },
    'the defaults of the host network': { spec: { hostNetwork: {} }, becomes: { hostNetwork: { mtu: 1500, channelVf: 1 } } },
    'the least of the host network': { spec: network({ numberOfVfs: 2, mtu: 1280, channelVf: 1 }) },
    'the most of the host network': { spec: network({ numberOfVfs: 4096, mtu: 9978, channelVf: 4095 }) },
    'a channel without a number of VFs': { spec: network({ channelVf: 20 }), becomes: { hostNetwork: { mtu: 1500, channelVf: 20 } } },
  },
  rejected: {
    'no spec': [undefined, `[spec: Required value, ${UNCHECKED}]`],
    'a kernel parameter with a blank': [
      kernel('a=b c'),
      'spec.grub.kernelParameters[0]: Invalid value: "a=b c": kernelParameters: write name or name=value, without blanks, quotes and the characters that a shell reads; one parameter an entry',
    ],
    'an empty kernel parameter': [
      kernel(''),
      'spec.grub.kernelParameters[0]: Invalid value: "": kernelParameters: write name or name=value, without blanks, quotes and the characters that a shell reads; one parameter an entry',
    ],
    'a kernel parameter that is a number': [
      kernel(7),
      `[spec.grub.kernelParameters[0]: Invalid value: "integer": spec.grub.kernelParameters[0] in body must be of type string: "integer", ${UNCHECKED}]`,
    ],
    'a kernel parameter that is too long': [
      kernel(long(257)),
      `[spec.grub.kernelParameters[0]: Too long: may not be more than 256 bytes, ${UNCHECKED}]`,
    ],
    'too many kernel parameters': [
      kernel(...times(129, () => 'a')),
      `[spec.grub.kernelParameters: Too many: 129: must have at most 128 items, ${UNCHECKED}]`,
    ],
    'a setting without a value': [
      sysctl('net.ipv4.ip_forward'),
      'spec.sysctl.parameters[0]: Invalid value: "net.ipv4.ip_forward": sysctl.parameters: write name=value on one line, for example net.ipv4.ip_forward=1',
    ],
    'a setting with a blank name': [
      sysctl('a b=1'),
      'spec.sysctl.parameters[0]: Invalid value: "a b=1": sysctl.parameters: write name=value on one line, for example net.ipv4.ip_forward=1',
    ],
    'a setting that is too long': [
      sysctl(long(513, 'a=')),
      `[spec.sysctl.parameters[0]: Too long: may not be more than 512 bytes, ${UNCHECKED}]`,
    ],
    'too many settings': [
      sysctl(...times(257, () => 'a=1')),
      `[spec.sysctl.parameters: Too many: 257: must have at most 256 items, ${UNCHECKED}]`,
    ],
    'a device that is none': [
      device('eth0'),
      'spec.nvconfig[0].device: Invalid value: "eth0": nvconfig: device must be *, a PCI address such as 03:00.0, or a path below /dev/mst',
    ],
    'a device elsewhere': [
      device('/dev/sda'),
      'spec.nvconfig[0].device: Invalid value: "/dev/sda": nvconfig: device must be *, a PCI address such as 03:00.0, or a path below /dev/mst',
    ],
    'a device that climbs': [
      device('/dev/mst/../sda'),
      'spec.nvconfig[0].device: Invalid value: "/dev/mst/../sda": nvconfig: device must be *, a PCI address such as 03:00.0, or a path below /dev/mst',
    ],
    'an empty device': [
      device(''),
      'spec.nvconfig[0].device: Invalid value: "": nvconfig: device must be *, a PCI address such as 03:00.0, or a path below /dev/mst',
    ],
    'a device with a long name': [
      device(long(129, '/dev/mst/')),
      `[spec.nvconfig[0].device: Too long: may not be more than 128 bytes, ${UNCHECKED}]`,
    ],
    'a device named twice': [{ nvconfig: [{ parameters: ['A=1'] }, { device: '*' }] }, 'spec.nvconfig[1]: Duplicate value: {"device":"*"}'],
    'too many devices': [
      { nvconfig: times(17, (index) => ({ device: `/dev/mst/d${index}` })) },
      `[spec.nvconfig: Too many: 17: must have at most 16 items, ${UNCHECKED}]`,
    ],
    'a firmware setting in small letters': [
      nvconfig('num_of_vfs=3'),
      'spec.nvconfig[0].parameters[0]: Invalid value: "num_of_vfs=3": nvconfig: write NAME=value in capitals, as mlxconfig takes it, for example NUM_OF_VFS=30',
    ],
    'a firmware setting without a value': [
      nvconfig('NUM_OF_VFS='),
      'spec.nvconfig[0].parameters[0]: Invalid value: "NUM_OF_VFS=": nvconfig: write NAME=value in capitals, as mlxconfig takes it, for example NUM_OF_VFS=30',
    ],
    'a firmware setting that is an option': [
      nvconfig('--force=1'),
      'spec.nvconfig[0].parameters[0]: Invalid value: "--force=1": nvconfig: write NAME=value in capitals, as mlxconfig takes it, for example NUM_OF_VFS=30',
    ],
    'a firmware setting that is too long': [
      nvconfig(long(257, 'A=')),
      `[spec.nvconfig[0].parameters[0]: Too long: may not be more than 256 bytes, ${UNCHECKED}]`,
    ],
    'too many firmware settings': [
      nvconfig(...times(129, () => 'A=1')),
      `[spec.nvconfig[0].parameters: Too many: 129: must have at most 128 items, ${UNCHECKED}]`,
    ],
    'a script that is too long': [
      { ovs: { rawConfigScript: long(65_537) } },
      `[spec.ovs.rawConfigScript: Too long: may not be more than 65536 bytes, ${UNCHECKED}]`,
    ],
    'a parameter without a value': [
      bfcfg('WITH_NIC_FW_UPDATE'),
      'spec.bfcfgParameters[0]: Invalid value: "WITH_NIC_FW_UPDATE": bfcfgParameters: write NAME=value on one line of printable ASCII, for example WITH_NIC_FW_UPDATE=yes',
    ],
    'a parameter with a name that is none': [
      bfcfg('1A=b'),
      'spec.bfcfgParameters[0]: Invalid value: "1A=b": bfcfgParameters: write NAME=value on one line of printable ASCII, for example WITH_NIC_FW_UPDATE=yes',
    ],
    'a parameter with a blank before =': [
      bfcfg('A =b'),
      'spec.bfcfgParameters[0]: Invalid value: "A =b": bfcfgParameters: write NAME=value on one line of printable ASCII, for example WITH_NIC_FW_UPDATE=yes',
    ],
    'a reserved parameter': [
      bfcfg('DPF_ROOT=/'),
      'spec.bfcfgParameters[0]: Invalid value: "DPF_ROOT=/": bfcfgParameters: names that begin with DPF_ are reserved',
    ],
    'a variable of the shell': [
      bfcfg('PATH=/tmp'),
      'spec.bfcfgParameters[0]: Invalid value: "PATH=/tmp": bfcfgParameters: this name belongs to the shell that reads bf.cfg; name a parameter of the installer',
    ],
    'a variable that a shell evaluates': [
      bfcfg('BASH_ENV=$(id)'),
      'spec.bfcfgParameters[0]: Invalid value: "BASH_ENV=$(id)": bfcfgParameters: this name belongs to the shell that reads bf.cfg; name a parameter of the installer',
    ],
    'a variable that a loader reads': [
      bfcfg('LD_PRELOAD=/x.so'),
      'spec.bfcfgParameters[0]: Invalid value: "LD_PRELOAD=/x.so": bfcfgParameters: this name belongs to the shell that reads bf.cfg; name a parameter of the installer',
    ],
    'a password in the clear': [
      bfcfg('ubuntu_PASSWORD=secret'),
      'spec.bfcfgParameters[0]: Forbidden: bfcfgParameters: ubuntu_PASSWORD must be a crypt hash, never the password itself: make one with `openssl passwd -6`',
    ],
    'an empty password': [
      bfcfg('ubuntu_PASSWORD='),
      'spec.bfcfgParameters[0]: Forbidden: bfcfgParameters: ubuntu_PASSWORD must be a crypt hash, never the password itself: make one with `openssl passwd -6`',
    ],
    'a parameter that is too long': [
      bfcfg(long(1025, 'A=')),
      `[spec.bfcfgParameters[0]: Too long: may not be more than 1024 bytes, ${UNCHECKED}]`,
    ],
    'too many parameters': [
      bfcfg(...times(129, () => 'A=1')),
      `[spec.bfcfgParameters: Too many: 129: must have at most 128 items, ${UNCHECKED}]`,
    ],
    'two passwords': [
      { ...bfcfg(`ubuntu_PASSWORD=${HASH}`), ...password('a', 'b') },
      'spec: Invalid value: set the password once: in passwordSecretRef or as ubuntu_PASSWORD in bfcfgParameters, not both',
    ],
    ...refusedFiles,
    'a registry without a scheme': [
      registry('10.0.0.7:5000'),
      'spec.containerdConfig.registryEndpoint: Invalid value: "10.0.0.7:5000": registryEndpoint must be an http:// or https:// address of host, port and path, for example http://10.0.0.7:5000',
    ],
    'a registry with credentials': [
      registry('http://me:x@h'),
      'spec.containerdConfig.registryEndpoint: Invalid value: "http://me:x@h": registryEndpoint must be an http:// or https:// address of host, port and path, for example http://10.0.0.7:5000',
    ],
    'a registry that is too long': [
      registry(long(513, 'http://')),
      `[spec.containerdConfig.registryEndpoint: Too long: may not be more than 512 bytes, ${UNCHECKED}]`,
    ],
    'a password Secret without a name': [
      { passwordSecretRef: { key: 'a' } },
      `[spec.passwordSecretRef.name: Required value, ${UNCHECKED}]`,
    ],
    'a password Secret without a key': [{ passwordSecretRef: { name: 'a' } }, `[spec.passwordSecretRef.key: Required value, ${UNCHECKED}]`],
    'a name of a password Secret that is none': [
      password('A', 'b'),
      'spec.passwordSecretRef.name: Invalid value: "A": passwordSecretRef.name must be the name of a Secret: lowercase letters, digits, - and ., with a letter or digit at both ends',
    ],
    'a name of a password Secret that is too long': [
      password(long(254), 'b'),
      `[spec.passwordSecretRef.name: Too long: may not be more than 253 bytes, ${UNCHECKED}]`,
    ],
    'a key of a password Secret that is none': [
      password('a', ''),
      'spec.passwordSecretRef.key: Invalid value: "": passwordSecretRef.key must be a key of the Secret: letters, digits, -, _ and .',
    ],
    'a key of a password Secret that is too long': [
      password('a', long(254)),
      `[spec.passwordSecretRef.key: Too long: may not be more than 253 bytes, ${UNCHECKED}]`,
    ],
    'one VF': [
      network({ numberOfVfs: 1 }),
      '[spec.hostNetwork.numberOfVfs: Invalid value: 1: spec.hostNetwork.numberOfVfs in body should be greater than or equal to 2, spec.hostNetwork: Invalid value: hostNetwork: channelVf must be less than numberOfVfs]',
    ],
    'too many VFs': [
      network({ numberOfVfs: 4097 }),
      'spec.hostNetwork.numberOfVfs: Invalid value: 4097: spec.hostNetwork.numberOfVfs in body should be less than or equal to 4096',
    ],
    'a small MTU': [
      network({ mtu: 1279 }),
      'spec.hostNetwork.mtu: Invalid value: 1279: spec.hostNetwork.mtu in body should be greater than or equal to 1280',
    ],
    'a large MTU': [
      network({ mtu: 9979 }),
      'spec.hostNetwork.mtu: Invalid value: 9979: spec.hostNetwork.mtu in body should be less than or equal to 9978',
    ],
    'the VF of ovn-kubernetes as the channel': [
      network({ channelVf: 0 }),
      'spec.hostNetwork.channelVf: Invalid value: 0: spec.hostNetwork.channelVf in body should be greater than or equal to 1',
    ],
    'a channel beyond every card': [
      network({ channelVf: 4096 }),
      'spec.hostNetwork.channelVf: Invalid value: 4096: spec.hostNetwork.channelVf in body should be less than or equal to 4095',
    ],
    'a channel beyond the VFs': [
      network({ numberOfVfs: 2, channelVf: 2 }),
      'spec.hostNetwork: Invalid value: hostNetwork: channelVf must be less than numberOfVfs',
    ],
    'half a VF': [
      network({ numberOfVfs: 2.5 }),
      `[spec.hostNetwork.numberOfVfs: Invalid value: "float64": spec.hostNetwork.numberOfVfs in body must be of type int32: "float64", <nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec.hostNetwork.numberOfVfs, ${UNCHECKED}]`,
    ],
  },
  changes: {
    nothing: { before: sysctl('a=1'), after: sysctl('a=1') },
    'a value': {
      before: sysctl('a=1'),
      after: sysctl('a=2'),
      message: 'spec: Invalid value: spec is immutable: create another DPUFlavor and refer to that',
    },
    'a section more': {
      before: {},
      after: kernel('quiet'),
      message: 'spec: Invalid value: spec is immutable: create another DPUFlavor and refer to that',
    },
    'a section less': {
      before: kernel('quiet'),
      after: {},
      message: 'spec: Invalid value: spec is immutable: create another DPUFlavor and refer to that',
    },
  },
};
