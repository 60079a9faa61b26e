import { describe, expect, test } from '@jest/globals';
import type { ApiError } from '../api-error.ts';
import { connectTo } from '../cluster.ts';
import { CORE } from '../core.ts';
import type { World } from './world.ts';

export function identityStories(world: () => World): void {
  describe('identity', () => {
    test('a token of nobody is not authenticated', async () => {
      const review = await world().cluster.reviewToken('of-nobody', ['somewhere']);
      expect(review.authenticated).toBe(false);
    });

    test('a token that the server does not know is refused with 401', async () => {
      const { server } = world();
      const caData = /certificate-authority-data"?:\s*"?([A-Za-z0-9+/=]+)/.exec(server.kubeconfig)?.[1] ?? '';
      const cluster = connectTo({ server: server.url, caData, token: 'of-nobody', userAgent: 'contract/1' });
      const error = await cluster
        .resource(CORE.Node)
        .list()
        .catch((thrown: unknown) => thrown as ApiError);
      expect(error).toMatchObject({ code: 401, reason: 'Unauthorized' });
      await cluster.close();
    });
  });
}
