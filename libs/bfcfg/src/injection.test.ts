/** Nothing that a flavor, a Secret or a name holds is ever run, apart from the ovs script on the first boot. The renderer does not lean on the schema. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Disk, input, provision } from '../test/run.ts';
import { BfCfgError, renderBfCfg, type BfCfgInput } from './index.ts';

let disk: Disk;
beforeEach(() => {
  disk = new Disk();
});
afterEach(() => disk.close());

/** `ovs-vsctl pwned` would be recorded, whichever shell ran it. */
const PAYLOADS = [
  '$(ovs-vsctl pwned)',
  '`ovs-vsctl pwned`',
  "'; ovs-vsctl pwned; '",
  '"; ovs-vsctl pwned; "',
  "\\'; ovs-vsctl pwned #",
  '\novs-vsctl pwned\n',
  "x\nDPF_END\novs-vsctl pwned\ncat <<'DPF_END'\n",
  '${IFS}; ovs-vsctl pwned & ovs-vsctl pwned | ovs-vsctl pwned',
  '<(ovs-vsctl pwned)',
  '$((a[$(ovs-vsctl pwned)]))',
  "'\"'\"';ovs-vsctl pwned;'\"",
  "!!\\\\'\\",
  ')\nexit 0\n',
  '}\n}\nbfb_post_install() { ovs-vsctl pwned; }',
];
/** The text everywhere that text can come from. */
const everywhere = (text: string): BfCfgInput => ({
  flavor: {
    bfcfgParameters: [`A=${text}`],
    grub: { kernelParameters: [`a=${text}`] },
    sysctl: { parameters: [`a=${text}`] },
    nvconfig: [
      { device: '*', parameters: [text] },
      { device: text, parameters: ['A=1'] },
    ],
    containerdConfig: { registryEndpoint: text },
    configFiles: [
      { path: '/raw', operation: 'append', raw: text },
      { path: `/p${text.replaceAll('/', '_')}`, operation: 'override', raw: 'x' },
      { path: '/secret', operation: 'override', secretRef: { name: 's', key: 'k' } },
    ],
  },
  values: new Map([['Secret/s/k', new TextEncoder().encode(text)]]),
  uid: text,
  attempt: 1,
  hostname: text,
  dpuName: text,
  join: { endpoint: text, token: text, caCertHash: text },
});

describe('everywhere', () => {
  test.each(PAYLOADS)('%j is data', (payload) => {
    provision(disk, everywhere(payload));
    expect(disk.join().code).toBe(0);
    expect(disk.bash(['-c', '. "$1"; bfrshlog "$GRUB_CMDLINE_LINUX"', 'bash', disk.path('/etc/default/grub.d/99-dpf.cfg')]).code).toBe(0);
    const nvconfig = ['/dev/mst/mt41692_pciconf0', '/dev/mst/mt41692_pciconf0.1'].map((device) => [
      'mlxconfig',
      '-d',
      device,
      '-y',
      'set',
      payload,
    ]);
    expect(disk.calls()).toEqual([
      ...nvconfig,
      ['mlxconfig', '-d', payload, '-y', 'set', 'A=1'],
      ['sysctl', '-e', '-q', '-p', disk.path('/etc/sysctl.d/99-dpf.conf')],
      ['update-grub'],
      ['systemctl', 'try-restart', 'containerd'],
      ['bfrshlog', `DPF ${payload}/1 configured`],
      ['systemctl', 'enable', 'containerd', 'kubelet'],
      ['systemctl', 'start', 'containerd'],
      ['systemctl', 'stop', 'kubelet'],
      ['kubeadm', 'join', payload, '--token', payload, '--discovery-token-ca-cert-hash', `sha256:${payload}`, '--node-name', payload],
      ['bfrshlog', `a=${payload}`],
    ]);
    expect(disk.text('/raw')).toBe(payload);
    expect(disk.text('/secret')).toBe(payload);
    expect(disk.text(`/p${payload.replaceAll('/', '_')}`)).toBe('x');
    expect(disk.text('/etc/hostname')).toBe(`${payload}\n`);
    expect(disk.text('/etc/sysctl.d/99-dpf.conf')).toBe(`a=${payload}\n`);
  });
});

describe('a password hash', () => {
  test.each(PAYLOADS)('%j is refused: the installer would paste it into perl', (payload) => {
    expect(() => renderBfCfg(input({ bfcfgParameters: [`ubuntu_PASSWORD=$6$${payload}`] }))).toThrow(BfCfgError);
  });
});

describe('the mode of a file', () => {
  test.each(PAYLOADS)('%j fails, and runs nothing', (permissions) => {
    const run = disk.install(renderBfCfg(input({ configFiles: [{ path: '/a', operation: 'override', raw: '', permissions }] })));
    expect(run.code).not.toBe(0);
    expect(disk.calls().map(([tool]) => tool)).toEqual(['bfrshlog']);
  });
});

test.each(['a', '/../a', '/a/../../b', '/a/.', '/a/', '//a', '/'])('the path %j is refused', (path) => {
  expect(() => renderBfCfg(input({ configFiles: [{ path, operation: 'override', raw: '' }] }))).toThrow(BfCfgError);
});

test('a symlink in the image leads nowhere else', () => {
  const outside = `${disk.folder}/outside`;
  disk.bash(['-c', 'mkdir -p "$DPF_ROOT/etc" && ln -s "$1" "$DPF_ROOT/etc/resolv.conf"', 'bash', outside]);
  provision(disk, input({ configFiles: [{ path: '/etc/resolv.conf', operation: 'append', raw: 'nameserver 1.1.1.1\n' }] }));
  expect(disk.text('/etc/resolv.conf')).toBe('nameserver 1.1.1.1\n');
  expect(disk.bash(['-c', '[ -e "$1" ]', 'bash', outside]).code).toBe(1);
});

describe('for any text', () => {
  const fragment = fc.oneof(fc.constantFrom(...PAYLOADS, 'DPF_END', '\n', '\\', "'", '\r', '\t', '%', '\x7f', 'ü', '漢'), fc.string());
  const text = fc.array(fragment, { maxLength: 8 }).map((parts) => parts.join(''));
  const PROPERTY = { numRuns: 8, timeout: 5000 };

  test('files hold it byte for byte, and the ovs script too', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 3, maxLength: 8 }), text, (contents, script) => {
        const configFiles = contents.map((raw, index) => ({ path: `/d/${index}`, operation: 'override' as const, raw }));
        expect(disk.install(renderBfCfg(input({ configFiles, ovs: { rawConfigScript: `x${script}` } })))).toMatchObject({ code: 0 });
        expect(contents.map((_, index) => disk.text(`/d/${index}`))).toEqual(contents);
        expect(disk.text('/opt/dpf/ovs.sh')).toBe(`x${script}`);
        expect(disk.calls()).toEqual([]);
      }),
      PROPERTY,
    );
  });
  test('any bytes of a Secret arrive', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 3, maxLength: 10 }), (contents) => {
        const values = new Map(contents.map((bytes, index) => [`Secret/s/${index}`, bytes]));
        const configFiles = contents.map((_, index) => ({
          path: `/d/${index}`,
          operation: 'override' as const,
          secretRef: { name: 's', key: `${index}` },
        }));
        expect(disk.install(renderBfCfg(input({ configFiles }, { values })))).toMatchObject({ code: 0 });
        expect(contents.map((_, index) => [...disk.bytes(`/d/${index}`)])).toEqual(contents.map((bytes) => [...bytes]));
      }),
      PROPERTY,
    );
  });
  test('variables have it as their value', () => {
    // What the schema lets into a value; quotes around it are taken away, so it begins with another character.
    const printable = fc
      .string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) })
      .map((value) => `.${value}`);
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            printable,
            text.map((value) => `.${value.replaceAll(/[^\x20-\x7e]/g, '')}`),
          ),
          { minLength: 5, maxLength: 20 },
        ),
        (contents) => {
          const cfg = renderBfCfg(input({ bfcfgParameters: contents.map((value, index) => `V${index}=${value}`) }));
          const script = `eval "$(cat)"; for ((i = 0; i < ${contents.length}; i++)); do name=V$i; bfrshlog "\${!name}"; done`;
          const before = disk.calls().length;
          expect(disk.bash(['-c', script], cfg)).toMatchObject({ code: 0 });
          expect(disk.calls().slice(before)).toEqual(contents.map((value) => ['bfrshlog', value]));
        },
      ),
      PROPERTY,
    );
  });
});
