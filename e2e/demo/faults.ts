/** What `--fault` can break. Each is told in one sentence, and the DPUs become Ready all the same. */
import { setTimeout as delay } from 'node:timers/promises';
import type { FaultName } from '@dpf/dpu-sim';
import type { FaultSpec } from '@dpf/kube-faults';
import { arm } from '../fleet/faults.ts';
import type { Fleet } from '../fleet/fleet.ts';

interface DemoFault {
  story: string;
  /** Called before the objects are applied. */
  arm: (fleet: Fleet) => Promise<void>;
  /** Of the API servers: they are started so that they can misbehave. */
  ofApi?: true;
}

/** How long the demo has been going on when the API servers restart, in milliseconds. */
const RESTART_AFTER_MS = 8_000;

const onCard = (arm: FaultName) => (fleet: Fleet) => fleet.hardware.request<void>({ op: 'fault', arm, host: 'worker-1' });

/** Both API servers misbehave towards the services until the demo ends. */
const ofApi = (story: string, spec: FaultSpec): DemoFault => ({
  story,
  ofApi: true,
  arm: async ({ host, tenant }) => void (await Promise.all([arm(host, spec), arm(tenant, spec)])),
});

export const FAULTS: Record<string, DemoFault> = {
  'boot-busy': { story: 'another program has the rshim boot file of worker-1 open when the push begins', arm: onCard('boot.open.ebusy') },
  'push-cut-off': { story: 'a card of worker-1 falls off the bus in the middle of a push', arm: onCard('boot.disconnect') },
  'installer-fails': { story: 'the installer on a card of worker-1 fails once', arm: onCard('installer.fail') },
  'log-lost': { story: 'the small rshim log of a card of worker-1 overflows and loses lines', arm: onCard('log.overflow') },
  'image-404': {
    story: 'the image server answers the first request with 404',
    arm: async (fleet) => fleet.images.failNext(404),
  },
  'api-latency': ofApi('every request to the API servers takes half a second longer', { kind: 'latency', milliseconds: 500 }),
  'api-throttled': ofApi('the API servers answer a third of the requests with 429 and Retry-After', { kind: 'throttle', share: 0.3 }),
  'api-write-lost-answer': ofApi('a third of the writes is made and then answered 500', { kind: 'errorAfterWrite', share: 0.3 }),
  'api-silent-watch': ofApi('all open watches fall silent: noticed when they do not end in their time, within 70 s', {
    kind: 'silentWatch',
    seconds: 0.5,
  }),
  'api-restart': {
    story: `the API server of the host cluster restarts after ${RESTART_AFTER_MS / 1000} s`,
    ofApi: true,
    arm: async ({ host }) => {
      // The demo may be over by then, and its servers gone.
      void delay(RESTART_AFTER_MS, undefined, { ref: false })
        .then(() => arm(host, { kind: 'restart', milliseconds: 2_000 }))
        .catch(() => undefined);
    },
  },
};
