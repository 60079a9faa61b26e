/** Which boot of the host this is. */
import { readLine, type HostPort } from './port.ts';

/** The kernel's random id of the boot, and when the host booted (milliseconds since 1970, by its uptime). @throws when there is no boot id */
export async function bootOf(host: HostPort, now: number): Promise<{ bootId: string; bootedAt: number }> {
  const bootId = await readLine(host, '/proc/sys/kernel/random/boot_id');
  if (!bootId) throw new Error('cannot read /proc/sys/kernel/random/boot_id of the host: is HOST_ROOT or HOST_SOCKET right?');
  return { bootId, bootedAt: now - ((await uptimeOf(host)) ?? 0) };
}

/** How long the host is up, milliseconds, by /proc/uptime: no clock that is set moves it, and it goes on when the agent restarts. Undefined when it cannot be read. */
export async function uptimeOf(host: HostPort): Promise<number | undefined> {
  const seconds = Number.parseFloat((await readLine(host, '/proc/uptime')) ?? '');
  return Number.isFinite(seconds) ? Math.round(seconds * 1000) : undefined;
}
