/** Which boot of the host this is. */
import { readLine, type HostPort } from './port.ts';

/** The kernel's random id of the boot, and when the host booted (milliseconds since 1970, by its uptime). @throws when there is no boot id */
export async function bootOf(host: HostPort, now: number): Promise<{ bootId: string; bootedAt: number }> {
  const bootId = await readLine(host, '/proc/sys/kernel/random/boot_id');
  if (!bootId) throw new Error('cannot read /proc/sys/kernel/random/boot_id of the host: is HOST_ROOT or HOST_SOCKET right?');
  const uptime = Number((await readLine(host, '/proc/uptime'))?.split(' ')[0] ?? 0);
  return { bootId, bootedAt: now - (Number.isFinite(uptime) ? uptime : 0) * 1000 };
}
