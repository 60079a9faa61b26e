/** What `--fault` can break. Each is told in one sentence, and the DPUs become Ready all the same. */
import type { FaultName } from '@dpf/dpu-sim';
import type { Fleet } from '../fleet/fleet.ts';

interface DemoFault {
  story: string;
  /** Called before the objects are applied. */
  arm: (fleet: Fleet) => Promise<void>;
}

const onCard = (arm: FaultName) => (fleet: Fleet) => fleet.hardware.request<void>({ op: 'fault', arm, host: 'worker-1' });

export const FAULTS: Record<string, DemoFault> = {
  'boot-busy': { story: 'another program has the rshim boot file of worker-1 open when the push begins', arm: onCard('boot.open.ebusy') },
  'push-cut-off': { story: 'a card of worker-1 falls off the bus in the middle of a push', arm: onCard('boot.disconnect') },
  'installer-fails': { story: 'the installer on a card of worker-1 fails once', arm: onCard('installer.fail') },
  'log-lost': { story: 'the small rshim log of a card of worker-1 overflows and loses lines', arm: onCard('log.overflow') },
  'image-404': {
    story: 'the image server answers the first request with 404',
    arm: async (fleet) => fleet.images.failNext(404),
  },
};
