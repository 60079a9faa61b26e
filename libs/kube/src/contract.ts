/**
 * What every API server that we speak to must do, the embedded one and a real one alike. Run it from a test file:
 * `kubeContract('kube-apiserver', () => start…)`.
 */
import { afterAll, beforeAll, describe } from '@jest/globals';
import { openWorld, type Server, type World } from './contract/world.ts';
import { eventStories } from './contract/events.ts';
import { identityStories } from './contract/identity.ts';
import { readStories } from './contract/reads.ts';
import { reflectorStories } from './contract/reflector.ts';
import { writeStories } from './contract/writes.ts';

export type { Server };

export function kubeContract(name: string, start: () => Promise<Server>): void {
  describe(name, () => {
    let world: World | undefined;
    beforeAll(async () => {
      world = await openWorld(await start());
    }, 90_000);
    afterAll(async () => {
      await world?.close();
    });
    const current = () => {
      if (!world) throw new Error(`${name} did not start`);
      return world;
    };
    readStories(current);
    writeStories(current);
    reflectorStories(current);
    eventStories(current);
    identityStories(current);
  });
}
