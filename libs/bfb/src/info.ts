/** Versions in a BFB's `info` image: a Redfish SoftwareInventoryCollection as JSON. */

/** `bsp`, `uefi`, `atf` of the newest generation that the image is for, `doca` of the bundle. Absent: not stated. */
export interface Versions {
  bsp?: string;
  doca?: string;
  uefi?: string;
  atf?: string;
}

/** Longest version text that is taken over, in characters. */
const VERSION_LIMIT = 128;

/** Reads versions; {} when there is no info image or it is no such JSON (older BFBs). */
export function versionsOf(info: string | undefined): Versions {
  if (info === undefined) return {};
  let members: unknown;
  try {
    members = (JSON.parse(info) as { Members?: unknown }).Members;
  } catch {
    return {};
  }
  const stated = new Map<string, string>();
  for (const member of Array.isArray(members) ? (members as { Name?: unknown; Version?: unknown }[]) : []) {
    if (typeof member?.Name === 'string' && typeof member.Version === 'string')
      stated.set(member.Name, member.Version.slice(0, VERSION_LIMIT));
  }
  const newest = (name: string) => stated.get(`BF3_${name}`) ?? stated.get(`BF2_${name}`);
  const versions: Versions = { bsp: newest('BSP'), doca: stated.get('DOCA'), uefi: newest('UEFI'), atf: newest('ATF') };
  return Object.fromEntries(Object.entries(versions).filter(([, version]) => version !== undefined));
}
