/** What `--fault` can break. Each is told in one sentence, and the DPUs become Ready all the same. */
import type { FaultName } from '@dpf/dpu-sim';
import type { FaultSpec } from '@dpf/kube-faults';
import { arm } from '../fleet/faults.ts';
import type { ControlPlane } from '../fleet/control-plane.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { DpuWatching } from '../fleet/watching.ts';

interface DemoFault {
  story: string;
  /** Called before the objects are applied. */
  arm: (fleet: Fleet) => Promise<void>;
  /** Of the API servers: they are started so that they can misbehave. */
  ofApi?: true;
}

const onCard = (arm: FaultName) => (fleet: Fleet) => fleet.hardware.request<void>({ op: 'fault', arm, host: 'worker-1' });

/** Both API servers misbehave towards the services until the demo ends. */
const ofApi = (story: string, spec: FaultSpec): DemoFault => ({
  story,
  ofApi: true,
  arm: async ({ host, tenant }) => void (await Promise.all([arm(host, spec), arm(tenant, spec)])),
});

/** From the moment on at which the first DPU is being installed. */
const whenInstalling = (story: string, spec: FaultSpec, planes: (fleet: Fleet) => ControlPlane[]): DemoFault => ({
  story,
  ofApi: true,
  arm: async (fleet) => {
    const dpus = await DpuWatching.start(fleet.host.cluster);
    const stop = dpus.onMoment(({ phase }) => {
      if (phase !== 'OSInstalling') return;
      stop();
      void Promise.all([dpus.stop(), ...planes(fleet).map((plane) => arm(plane, spec))]);
    });
  },
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
  'api-silent-watch': whenInstalling(
    'all open watches fall silent while a DPU is installed: noticed when they do not end in their time, within 70 s',
    { kind: 'silentWatch', seconds: 0.5 },
    ({ host, tenant }) => [host, tenant],
  ),
  'api-restart': whenInstalling(
    'the API server of the host cluster restarts while a DPU is installed',
    { kind: 'restart', milliseconds: 2_000 },
    ({ host }) => [host],
  ),
};
