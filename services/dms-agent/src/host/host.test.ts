/** One contract for both ways to a host: files (on plain folders, and on the simulator's FUSE tree where there is FUSE) and the unix socket. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cardSpec, startDpuSim, type DpuSim } from '@dpf/dpu-sim';
import { bootOf } from './boot.ts';
import { fileHost } from './files.ts';
import { namesIn, readLine, type HostPort } from './port.ts';
import { socketHost } from './socket.ts';

const DEVICE = '/sys/bus/pci/devices/0000:4b:00.0';

describe.each(['a unix socket', 'files of a FUSE tree'] as const)('simulated hardware behind %s', (way) => {
  let folder: string;
  let sim: DpuSim;
  let host: HostPort | undefined;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'dms-host-'));
    const mount = way === 'a unix socket' ? {} : { mount: join(folder, 'mnt') };
    sim = await startDpuSim({
      stateDir: join(folder, 'sim'),
      ...mount,
      speed: 2000,
      hosts: [{ name: 'worker-1', cards: [cardSpec(0, 1)] }],
    });
    const [view] = sim.hosts();
    if (way === 'a unix socket') host = socketHost(view?.socket ?? '');
    else if (view?.root) host = fileHost(view.root);
  });
  afterAll(async () => {
    await host?.close();
    await sim.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Where there is no FUSE, that way does not exist. */
  const onIt = (story: (host: HostPort) => Promise<void>) => async () => (host ? story(host) : undefined);

  test(
    'is read, listed and looked at',
    onIt(async (host) => {
      expect(await readLine(host, `${DEVICE}/vendor`)).toBe('0x15b3');
      expect(await namesIn(host, '/dev')).toContain('rshim0');
      expect(await host.stat(DEVICE)).toMatchObject({ type: 'directory' });
      expect(await host.stat('/dev/rshim9')).toBeUndefined();
      expect(await host.readlink(`${DEVICE}/driver`)).toContain('mlx5_core');
      expect((await bootOf(host, 0)).bootId).toMatch(/^[0-9a-f-]{36}$/);
    }),
  );

  test(
    'gives misc whole at each reading',
    onIt(async (host) => {
      for (const _reading of [1, 2])
        expect((await host.read('/dev/rshim0/misc')).toString()).toContain('DEV_NAME        pcie-0000:4b:00.2\n');
    }),
  );

  test(
    'fails with the errno of the system',
    onIt(async (host) => {
      await expect(host.read('/dev/rshim9/misc')).rejects.toMatchObject({ code: 'ENOENT' });
      await expect(host.write('/dev/rshim0/misc', 'NO_SUCH_KEY 1\n')).rejects.toMatchObject({ code: 'EINVAL' });
      await expect(host.write(`${DEVICE}/sriov_numvfs`, '9999\n')).rejects.toMatchObject({ code: 'ERANGE' });
    }),
  );

  test(
    'has one opener of the boot file',
    onIt(async (host) => {
      const boot = await host.openBoot('/dev/rshim0/boot');
      await expect(host.openBoot('/dev/rshim0/boot')).rejects.toMatchObject({ code: 'EBUSY' });
      await boot.close();
      await (await host.openBoot('/dev/rshim0/boot')).close();
    }),
  );

  test(
    'has whole files put in place',
    onIt(async (host) => {
      const file = '/etc/kubernetes/node-feature-discovery/features.d/dpu';
      for (const text of ['a=1', 'dpu-enabled=true']) {
        await host.replace(file, `${text}\n`);
        expect(await readLine(host, file)).toBe(text);
      }
    }),
  );
});

test('a host whose socket is not there fails with the errno of the system', async () => {
  const host = socketHost('/nowhere/host.sock');
  await expect(host.read('/proc/uptime')).rejects.toMatchObject({ code: 'ENOENT' });
  await host.close();
});

test('a host that breaks the connection off fails what was asked, and nothing else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dms-socket-'));
  const server = createServer({ pauseOnConnect: true }).listen(join(folder, 'host.sock'));
  await once(server, 'listening');
  const connected = once(server, 'connection');
  const host = socketHost(join(folder, 'host.sock'));
  const answer = host.write('/dev/rshim0/misc', 'x'.repeat(10_000)).catch((error: unknown) => error);
  const [connection] = (await connected) as [Socket];
  // What is unread makes it a reset.
  await once(connection.resume(), 'data');
  connection.destroy();
  expect(await answer).toMatchObject({ code: 'ENODEV' });
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a host below a folder', () => {
  const root = mkdtempSync(join(tmpdir(), 'dms-root-'));
  const host = fileHost(root);
  mkdirSync(join(root, 'dev/rshim0'), { recursive: true });
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'dev/rshim0/misc'), 'DISPLAY_LEVEL   0\n');
  writeFileSync(join(root, 'dev/rshim0/boot'), '');
  symlinkSync('rshim0', join(root, 'dev/link'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test('is read, listed and looked at; links are followed, and missing things are missing', async () => {
    expect(await readLine(host, '/dev/rshim0/misc')).toBe('DISPLAY_LEVEL   0');
    expect(await namesIn(host, '/dev')).toEqual(['link', 'rshim0']);
    expect(await host.stat('/dev/link')).toEqual({ type: 'directory' });
    expect(await host.readlink('/dev/link')).toBe('rshim0');
    expect(await host.stat('/dev/none')).toBeUndefined();
    expect(await readLine(host, '/dev/none/misc')).toBeUndefined();
  });

  test('is written in place, and nothing is created by that', async () => {
    await host.write('/dev/rshim0/misc', 'DISPLAY_LEVEL 2\n');
    expect(readFileSync(join(root, 'dev/rshim0/misc'), 'utf8')).toBe('DISPLAY_LEVEL 2\n');
    await expect(host.write('/dev/rshim0/none', 'x')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('takes a boot stream', async () => {
    const boot = await host.openBoot('/dev/rshim0/boot');
    await boot.write(Buffer.from('image'));
    await boot.write(Buffer.from(' and bf.cfg'));
    await boot.close();
    expect(readFileSync(join(root, 'dev/rshim0/boot'), 'utf8')).toBe('image and bf.cfg');
  });

  test('whose driver is dead loses one thread to it, however often it is asked, and none of its other files; it serves again once the driver does', async () => {
    mkdirSync(join(root, 'dev/rshim1'));
    // A pipe that nobody writes into blocks who opens it, as a dead driver does.
    const dead = join(root, 'dev/rshim1/misc');
    execFileSync('mkfifo', [dead]);
    const impatient = fileHost(root, 1000);
    try {
      await expect(impatient.read('/dev/rshim1/misc')).rejects.toMatchObject({ code: 'ETIMEDOUT', message: /did not answer for 1000 ms/ });
      for (let look = 0; look < 8; look++)
        await expect(impatient.read('/dev/rshim1/misc')).rejects.toMatchObject({ code: 'ETIMEDOUT', message: /has not returned yet/ });
      await expect(impatient.write('/dev/rshim1/misc', 'DISPLAY_LEVEL 2\n')).rejects.toMatchObject({ code: 'ETIMEDOUT' });
      expect(await readLine(impatient, '/dev/rshim0/misc')).toContain('DISPLAY_LEVEL');
      expect(await namesIn(impatient, '/dev')).toContain('rshim0');
    } finally {
      closeSync(openSync(dead, 'r+'));
    }
    rmSync(dead);
    writeFileSync(dead, 'DISPLAY_LEVEL   1\n');
    let line: string | undefined;
    for (; line === undefined; await setImmediate()) line = await readLine(impatient, '/dev/rshim1/misc');
    expect(line).toBe('DISPLAY_LEVEL   1');
  });

  test('has whole files put in place', async () => {
    await host.replace('/etc/dpu', 'a=b\n');
    expect(readFileSync(join(root, 'etc/dpu'), 'utf8')).toBe('a=b\n');
  });
});
