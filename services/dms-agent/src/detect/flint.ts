/** What `flint -d <bdf> q` prints, as far as it is used. Pure. */

export interface FlintReport {
  psid?: string;
  /** The firmware that runs: `FW Version(Running)` where an update is pending. */
  nic?: string;
}

export function parseFlint(text: string): FlintReport {
  const value = (key: string) => new RegExp(`^${key}:\\s+(\\S+)`, 'm').exec(text)?.[1];
  const psid = value('PSID');
  const nic = value('FW Version\\(Running\\)') ?? value('FW Version');
  return { ...(psid && { psid }), ...(nic && { nic }) };
}
