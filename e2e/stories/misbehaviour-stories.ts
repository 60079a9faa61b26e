/** The stories of misbehaviour, told on one control plane: one fleet for all of them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { NODE_LABELS, type Node } from '@dpf/api';
import { CORE } from '@dpf/kube';
import { forbidden, readAudit } from '../fleet/audit.ts';
import type { ControlPlane, ControlPlaneProvider } from '../fleet/control-plane.ts';
import { startFleet, type Fleet } from '../fleet/fleet.ts';
import { DpuWatching, Watching } from '../fleet/watching.ts';
import { judgeRequests, MISBEHAVIOUR, tell, type Told } from './misbehaviour.ts';

/** Before that nothing can be provisioned: how long it takes is no business of these stories. */
async function announced({ host }: Fleet): Promise<void> {
  const nodes = await Watching.start<Node>(host.cluster, CORE.Node);
  const isAnnounced = ({ metadata }: Node) => metadata.labels?.[NODE_LABELS.dpuEnabled] !== undefined;
  await nodes.until('every host is announced', (all) => all.every(isAnnounced), 180).finally(() => nodes.stop());
}

export function misbehaviour(title: string, provider: () => ControlPlaneProvider<ControlPlane>): void {
  describe(`${title}, and every DPU becomes Ready by one flash, at a bounded price, when`, () => {
    let fleet: Fleet;
    let dpus: DpuWatching;
    let undisturbed: Told;
    beforeAll(async () => {
      fleet = await startFleet({ hosts: 2, speed: 120, watchSeconds: 8, controlPlane: provider() });
      dpus = await DpuWatching.start(fleet.host.cluster);
      await announced(fleet);
      undisturbed = await tell(fleet, dpus, {});
      say('undisturbed', undisturbed);
    }, 420_000);
    afterAll(async () => {
      await dpus?.stop();
      await fleet?.stop();
    }, 60_000);

    const say = (what: string, { seconds, perDpu, watches, dealt }: Told) =>
      process.stderr.write(
        `${title}: ${what}: ${seconds.toFixed(1)} s, ${perDpu.toFixed(1)} requests per Dpu, ${watches} watches, dealt ${dealt} times\n`,
      );

    test.each(MISBEHAVIOUR)(
      '$says',
      async ({ says, ...faults }) => {
        const told = await tell(fleet, dpus, faults);
        say(says, told);
        expect(told.problems).toEqual([]);
        expect(told.dealt).toBeGreaterThan(0);
        expect(judgeRequests(told, undisturbed)).toEqual([]);
      },
      300_000,
    );

    test('nothing disturbs it: nobody was refused what its role does not grant', async () => {
      expect(undisturbed.problems).toEqual([]);
      expect(forbidden(await readAudit(fleet.host.auditLog!))).toEqual([]);
    });
  });
}
