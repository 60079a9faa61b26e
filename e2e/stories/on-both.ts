/** The same stories on the embedded control plane and on a real one, where the services have the roles of the chart and no others. */
import { afterAll, afterEach, beforeAll, describe, expect } from '@jest/globals';
import { knownAssets } from '@dpf/control-plane';
import { forbidden, readAudit } from '../fleet/audit.ts';
import type { ControlPlane, ControlPlaneProvider } from '../fleet/control-plane.ts';
import { EMBEDDED } from '../fleet/embedded.ts';
import { startFleet, type Fleet, type FleetOptions } from '../fleet/fleet.ts';
import { realControlPlanes } from '../fleet/real.ts';

type Kind = 'embedded' | 'real';
type Tell = (fleet: () => Fleet, kind: Kind) => void;

const START_MS = 150_000;
const STOP_MS = 60_000;

/** Tells the stories of a fleet on both; where no real control plane can be had, they are skipped there, and counted. */
export function onBothControlPlanes(options: FleetOptions, tell: Tell): void {
  const told = (kind: Kind, controlPlane: ControlPlaneProvider<ControlPlane>) => () => {
    let starting: Promise<Fleet> | undefined;
    let fleet: Fleet;
    beforeAll(async () => {
      starting = startFleet({ ...options, controlPlane });
      fleet = await starting;
    }, START_MS);
    // The embedded one has no roles, and its log nothing that it refused.
    afterEach(async () => {
      for (const { auditLog } of fleet ? [fleet.host, fleet.tenant] : []) expect(forbidden(await readAudit(auditLog!))).toEqual([]);
    });
    tell(() => fleet, kind);
    // After what the stories have opened. What came too late is stopped as well.
    afterAll(async () => (await starting?.catch(() => undefined))?.stop(), STOP_MS);
  };
  describe('on the embedded control plane', told('embedded', EMBEDDED));
  const assets = knownAssets('all');
  if ('folder' in assets) describe('on a real control plane', told('real', realControlPlanes(assets.folder)));
  // Nothing is started for what is skipped.
  else describe.skip(`on a real control plane: ${assets.skip}`, told('real', EMBEDDED));
}
