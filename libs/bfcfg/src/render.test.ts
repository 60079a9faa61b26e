import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { failureMarker, installMarker, type DPUFlavor } from '@dpf/api';
import { parseAllDocuments } from 'yaml';
import { Disk, JOIN, UID, input, provision } from '../test/run.ts';
import { BFCFG_LIMIT, BfCfgError, bfcfgBytes, renderBfCfg } from './index.ts';

let disk: Disk;
beforeEach(() => {
  disk = new Disk();
});
afterEach(() => disk.close());

const SAMPLES = join(import.meta.dirname, '../../../crds/samples');
const sampleFlavor = (file: string): DPUFlavor['spec'] =>
  parseAllDocuments(readFileSync(join(SAMPLES, file), 'utf8'))
    .map((document) => document.toJS() as DPUFlavor)
    .find(({ kind }) => kind === 'DPUFlavor')!.spec;

describe('the flavor of the founding document', () => {
  const flavor = sampleFlavor('founding-document.yaml');
  test('sets the password literally, though it holds $', () => {
    expect(renderBfCfg(input(flavor))).toContain(`ubuntu_PASSWORD='$1$rvRv4qpw$mS6kYODr8oMxORt.TkiTB0'\nWITH_NIC_FW_UPDATE='yes'\n`);
  });
  test('is applied whole, and its last step is the marker', () => {
    provision(disk, input(flavor));
    expect(disk.text('/etc/default/grub.d/99-dpf.cfg')).toBe(`GRUB_CMDLINE_LINUX='${flavor.grub!.kernelParameters!.join(' ')}'\n`);
    expect(disk.text('/etc/sysctl.d/99-dpf.conf')).toBe('net.ipv4.ip_forward=1\nnet.ipv4.ip_forward_update_priority=0\n');
    expect(disk.text('/etc/bla/blabla.cfg')).toBe(flavor.configFiles![0]!.raw);
    expect(disk.mode('/etc/bla/blabla.cfg')).toBe('755');
    const nvconfig = ['-y', 'set', ...flavor.nvconfig![0]!.parameters!];
    expect(disk.calls()).toEqual([
      ['mlxconfig', '-d', '/dev/mst/mt41692_pciconf0', ...nvconfig],
      ['mlxconfig', '-d', '/dev/mst/mt41692_pciconf0.1', ...nvconfig],
      ['sysctl', '-e', '-q', '-p', disk.path('/etc/sysctl.d/99-dpf.conf')],
      ['update-grub'],
      ['ovs-vsctl', 'set', 'Open_vSwitch', '.', 'other_config:doca-init=true'],
      ['ovs-vsctl', 'set', 'Open_vSwitch', '.', 'other_config:dpdk-max-memzones=50000'],
      ['ovs-vsctl', 'set', 'Open_vSwitch', '.', 'other_config:hw-offload=true'],
      ['ovs-vsctl', 'set', 'Open_vSwitch', '.', 'other_config:pmd-quiet-idle=true'],
      ['ovs-vsctl', 'set', 'Open_vSwitch', '.', 'other_config:max-idle=20000'],
      ['ovs-vsctl', 'set', 'Open_vSwitch', '.', 'other_config:max-revalidator=5000'],
      ['bfrshlog', installMarker(UID, 3)],
    ]);
  });
});

describe('the text', () => {
  test.each([
    ['without a flavor', input()],
    ['of the founding document', input(sampleFlavor('founding-document.yaml'), { join: JOIN })],
  ])('%s is a multiple of 8 bytes, ASCII, and small enough for every image', (_, what) => {
    const text = renderBfCfg(what);
    expect(bfcfgBytes(text) % 8).toBe(0);
    expect(text).toMatch(/^[\t\n\x20-\x7e]*$/);
    expect(bfcfgBytes(text)).toBeLessThan(16 * 1024);
  });
  test('is the same for the same input', () => {
    expect(renderBfCfg(input())).toBe(renderBfCfg(input()));
  });
  test('says its size, so that one beyond the limit can be refused', () => {
    const big = renderBfCfg(input({ configFiles: [{ path: '/a', operation: 'override', raw: 'x\n'.repeat(70_000) }] }));
    expect(bfcfgBytes(big)).toBeGreaterThan(BFCFG_LIMIT);
  });
  test('goes to /mnt when nothing else is said', () => {
    expect(renderBfCfg(input())).toContain(': "${DPF_ROOT:=/mnt}"');
  });
  test('op-has-uid: the marker carries uid and attempt', () => {
    expect(renderBfCfg(input({}, { attempt: 7 }))).toContain(`bfrshlog 'DPF ${UID}/7 configured'`);
  });
});

describe('config files', () => {
  const file = (more: object) => ({ path: '/etc/a/b.conf', operation: 'override' as const, raw: 'x', ...more });
  test('override replaces, append adds, in the order given', () => {
    disk.put('/etc/a/b.conf', 'old\n');
    provision(disk, input({ configFiles: [file({ raw: 'new\n' }), file({ operation: 'append', raw: 'more' })] }));
    expect(disk.text('/etc/a/b.conf')).toBe('new\nmore');
  });
  test.each([
    [undefined, '644'],
    ['0600', '600'],
    ['755', '755'],
    ['4755', '4755'],
  ])('permissions %s make mode %s', (permissions, mode) => {
    provision(disk, input({ configFiles: [file({ ...(permissions && { permissions }) })] }));
    expect(disk.mode('/etc/a/b.conf')).toBe(mode);
  });
  test('contents come from Secrets and ConfigMaps, byte for byte', () => {
    const binary = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const values = new Map([
      ['Secret/s/k', binary],
      ['ConfigMap/c/k', new TextEncoder().encode('größe: 1\r\n')],
    ]);
    const ref = (name: string) => ({ raw: undefined, [name]: { name: name[0]!, key: 'k' } });
    provision(disk, input({ configFiles: [file(ref('secretRef')), file({ path: '/etc/c', ...ref('configMapRef') })] }, { values }));
    expect(disk.bytes('/etc/a/b.conf')).toEqual(Buffer.from(binary));
    expect(disk.text('/etc/c')).toBe('größe: 1\r\n');
  });
  test('one that is missing is named', () => {
    const what = input({ configFiles: [file({ raw: undefined, secretRef: { name: 'tls', key: 'tls.key' } })] });
    expect(() => renderBfCfg(what)).toThrow(
      expect.objectContaining({ reason: 'FlavorInputMissing', message: expect.stringContaining('Secret tls has no key tls.key') }),
    );
  });
  test('they win over our settings, but not over our scripts', () => {
    const files = ['/etc/sysctl.d/99-dpf.conf', '/opt/dpf/first-boot.sh'].map((path) => file({ path, raw: 'theirs' }));
    provision(disk, input({ sysctl: { parameters: ['a=1'] }, configFiles: files }));
    expect(disk.text('/etc/sysctl.d/99-dpf.conf')).toBe('theirs');
    expect(disk.calls().at(-1)).toEqual(['bfrshlog', installMarker(UID, 3)]);
  });
});

describe('the password of user ubuntu', () => {
  const SEED = '/var/lib/cloud/seed/nocloud-net/user-data';
  const IMAGE =
    "#cloud-config\nusers:\n  - name: ubuntu\n    lock_passwd: False\n    plain_text_passwd: 'ubuntu'\nchpasswd:\n  expire: True\nruncmd:\n  - [ true ]\n";
  const HASH = '$6$salt$Zm9vYmFy./';
  test('comes from the Secret, a newline at its end left out', () => {
    const values = new Map([['Secret/pw/hash', new TextEncoder().encode(`${HASH}\n`)]]);
    expect(renderBfCfg(input({ passwordSecretRef: { name: 'pw', key: 'hash' } }, { values }))).toContain(`ubuntu_PASSWORD='${HASH}'\n`);
  });
  test('is left to the installer when there is one', () => {
    disk.put(SEED, IMAGE);
    provision(disk, input({ bfcfgParameters: [`ubuntu_PASSWORD=${HASH}`] }));
    expect(disk.text(SEED)).toBe(IMAGE);
  });
  test('is locked when there is none, and the rest of the user-data stays', () => {
    disk.put(SEED, IMAGE);
    provision(disk, input());
    expect(disk.text(SEED)).toMatch(
      /^#cloud-config\nusers:\n {2}- name: ubuntu\n {4}lock_passwd: true\n[^]*\nruncmd:\n {2}- \[ true \]\n$/,
    );
    expect(disk.text(SEED)).not.toMatch(/plain_text_passwd|chpasswd|False/);
  });
  test('is locked when the image says nothing of users', () => {
    disk.put(SEED, '#cloud-config');
    provision(disk, input());
    expect(disk.text(SEED)).toMatch(/^#cloud-config\nusers:\n[^]*lock_passwd: true/);
  });
  test.each(['ubuntu', '', '$6$a@; system(1); q@', '$6$a\nb', '$6$', "$6$a'b"])(
    '%j is no hash and refused, and the error does not tell it',
    (text) => {
      const values = new Map([['Secret/pw/hash', new TextEncoder().encode(text)]]);
      let error: unknown;
      try {
        renderBfCfg(input({ passwordSecretRef: { name: 'pw', key: 'hash' } }, { values }));
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(BfCfgError);
      expect(error).toMatchObject({
        reason: 'FlavorInvalid',
        message: 'Secret pw key hash is no crypt hash: make one with `openssl passwd -6`',
      });
    },
  );
});

describe('bfcfgParameters', () => {
  test.each([
    ['A=b', `A='b'`],
    ['A=', `A=''`],
    ['A=b=c', `A='b=c'`],
    ["A='b c'", `A='b c'`],
    ['A="b c"', `A='b c'`],
    ["A=it's", `A='it'\\''s'`],
    ['A="', `A='"'`],
    ['A=$(touch x)`id`', "A='$(touch x)`id`'"],
  ])('%s is emitted as %s', (parameter, line) => {
    expect(renderBfCfg(input({ bfcfgParameters: [parameter] })).split('\n')[0]).toBe(line);
  });
  test.each(['A', 'A B=1', '1A=2', '$(id)=1', 'DPF_ROOT=/'])('%s is refused', (parameter) => {
    expect(() => renderBfCfg(input({ bfcfgParameters: [parameter] }))).toThrow(BfCfgError);
  });
});

describe('the first boot', () => {
  test('sets one device after all devices', () => {
    provision(
      disk,
      input({
        nvconfig: [
          { device: '03:00.1', parameters: ['A=1'] },
          { device: '*', parameters: ['A=2', 'B=3'] },
        ],
      }),
    );
    expect(disk.calls().map((call) => call.slice(2))).toEqual([
      ['/dev/mst/mt41692_pciconf0', '-y', 'set', 'A=2', 'B=3'],
      ['/dev/mst/mt41692_pciconf0.1', '-y', 'set', 'A=2', 'B=3'],
      ['03:00.1', '-y', 'set', 'A=1'],
      [],
    ]);
  });
  test('tries mlxconfig three times, then says which step failed and writes no marker', () => {
    disk.install(renderBfCfg(input({ nvconfig: [{ device: '03:00.0', parameters: ['A=1'] }] })));
    expect(disk.firstBoot('mlxconfig').code).not.toBe(0);
    expect(disk.calls().map(([tool]) => tool)).toEqual(['mlxconfig', 'sleep', 'mlxconfig', 'sleep', 'mlxconfig', 'sleep', 'bfrshlog']);
    expect(disk.calls().at(-1)).toEqual(['bfrshlog', `ERR ${failureMarker(UID, 3)} nvconfig`]);
  });
  test('fails with the first command of the ovs script that fails', () => {
    disk.install(renderBfCfg(input({ ovs: { rawConfigScript: 'ovs-vsctl a\nfalse\novs-vsctl b\n' } })));
    expect(disk.firstBoot().code).not.toBe(0);
    expect(disk.calls()).toEqual([
      ['ovs-vsctl', 'a'],
      ['bfrshlog', `ERR ${failureMarker(UID, 3)} ovs`],
    ]);
  });
  test('runs once, by a unit that is enabled', () => {
    provision(disk, input());
    expect(disk.text('/etc/systemd/system/multi-user.target.wants/dpf-first-boot.service')).toContain('ExecStart=/opt/dpf/first-boot.sh');
    expect(disk.mode('/opt/dpf/first-boot.sh')).toBe('700');
    expect(disk.has('/opt/dpf/join.sh')).toBe(false);
  });
  test('an install hook that fails is told to the host', () => {
    disk.put('/etc/hosts/taken', '');
    expect(disk.install(renderBfCfg(input())).code).not.toBe(0);
    expect(disk.calls()).toEqual([['bfrshlog', `ERR ${failureMarker(UID, 3)} bfb_modify_os`]]);
  });
});

describe('the registry mirror', () => {
  const CONFIG = '/etc/containerd/config.toml';
  const cri = (plugin: string) => `[plugins."${plugin}".registry]\n  config_path = "/etc/containerd/certs.d"\n`;
  const V2 = 'io.containerd.grpc.v1.cri';
  const V3 = 'io.containerd.cri.v1.images';
  const flavor = { containerdConfig: { registryEndpoint: 'http://10.0.0.7:5000' } };
  test('stands for nvcr.io', () => {
    provision(disk, input(flavor));
    expect(disk.text('/etc/containerd/certs.d/nvcr.io/hosts.toml')).toBe(
      'server = "https://nvcr.io"\n\n[host."http://10.0.0.7:5000"]\n  capabilities = ["pull", "resolve"]\n',
    );
    expect(disk.calls()).toContainEqual(['systemctl', 'try-restart', 'containerd']);
  });
  test.each([
    ['no configuration', undefined, `version = 2\n\n${cri(V2)}`],
    ['one without the plugin', 'version = 2\n', `version = 2\n\n${cri(V2)}`],
    ['one of containerd 2', 'version = 3\n', `version = 3\n\n${cri(V3)}`],
    ['an empty path', `[plugins."${V2}".registry]\n  config_path = ""\n[x]\n  config_path = "y"\n`, `${cri(V2)}[x]\n  config_path = "y"\n`],
    [
      'inline mirrors',
      `[plugins."${V2}".registry.mirrors]\n  [plugins."${V2}".registry.mirrors."docker.io"]\n    endpoint = ["a"]\n[x]\n`,
      `[x]\n\n${cri(V2)}`,
    ],
  ])('is read by containerd with %s', (_, before, after) => {
    if (before !== undefined) disk.put(CONFIG, before);
    provision(disk, input(flavor));
    expect(disk.text(CONFIG)).toBe(after);
  });
});

describe('joining the tenant cluster', () => {
  const joining = input({ hostNetwork: { channelVf: 2, mtu: 9000 } }, { join: JOIN });
  test('is a script and a unit of its own, which only root can read', () => {
    provision(disk, joining);
    expect(disk.mode('/opt/dpf/join.sh')).toBe('700');
    expect(disk.text('/etc/systemd/system/multi-user.target.wants/dpf-join.service')).toContain('Restart=on-failure');
    expect(disk.calls()).toEqual([['bfrshlog', installMarker(UID, 3)]]);
  });
  test('runs kubeadm with endpoint, token, hash and name', () => {
    provision(disk, joining);
    disk.put('/etc/kubernetes/bootstrap-kubelet.conf', 'left behind');
    expect(disk.join().code).toBe(0);
    expect(disk.calls().at(-1)).toEqual([
      'kubeadm',
      'join',
      JOIN.endpoint,
      '--token',
      JOIN.token,
      '--discovery-token-ca-cert-hash',
      `sha256:${JOIN.caCertHash}`,
      '--node-name',
      joining.dpuName,
    ]);
    expect(disk.has('/etc/kubernetes/bootstrap-kubelet.conf')).toBe(false);
  });
  test('fails while kubeadm does, so that it is tried again', () => {
    provision(disk, joining);
    expect(disk.join('kubeadm').code).not.toBe(0);
  });
  test('is not done twice', () => {
    provision(disk, joining);
    disk.put('/etc/kubernetes/kubelet.conf', '');
    expect(disk.join().code).toBe(0);
    expect(disk.calls().flat()).not.toContain('kubeadm');
  });
  test('goes through the channel to the host', () => {
    disk.put('/etc/netplan/60-mlnx-0.yaml', 'network: {}');
    provision(disk, joining);
    expect(JSON.parse(disk.text('/etc/netplan/99-dpf-comm-ch.yaml'))).toEqual({
      network: {
        version: 2,
        renderer: 'networkd',
        ethernets: { pf0vf2: { mtu: 9000 } },
        bridges: { 'br-comm-ch': { interfaces: ['pf0vf2'], mtu: 9000, dhcp4: true } },
      },
    });
    expect(disk.mode('/etc/netplan/98-oob-tmfifo.yaml')).toBe('600');
    expect(disk.has('/etc/netplan/60-mlnx-0.yaml')).toBe(false);
  });
  test("without a cluster the image's network stays as it is", () => {
    disk.put('/etc/netplan/60-mlnx-0.yaml', 'network: {}');
    provision(disk, input());
    expect(disk.has('/etc/netplan/60-mlnx-0.yaml')).toBe(true);
    expect(disk.has('/etc/netplan/99-dpf-comm-ch.yaml')).toBe(false);
  });
});
