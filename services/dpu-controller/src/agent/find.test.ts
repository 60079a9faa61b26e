import type { Node } from '@dpf/api';
import { expect, test } from '@jest/globals';
import { dpu, node, UID } from '../test/builders.ts';
import type { World } from '../world.ts';
import { findDpu } from './find.ts';

/** A replica whose stores show neither the Dpu nor its claim yet. */
const behind = (host: Node, namespaces: string[] = []) =>
  ({
    settings: { namespaces },
    stores: { dpus: { byIndex: () => [] }, nodes: { get: () => node().object } },
    api: { nodes: { get: async () => host }, dpus: { get: async () => dpu().object } },
  }) as unknown as World;

test('a Dpu that the stores do not show yet is found by its claim, read live: its agent must not hear that it is gone', async () => {
  expect(await findDpu(behind(node().claimed().object), UID, 'worker-1')).toMatchObject({ metadata: { uid: UID } });
  expect(await findDpu(behind(node().object), UID, 'worker-1')).toMatchObject({ status: 409 });
});

test('a Dpu of a namespace that is not watched is not read, and its agent does not hear that it is gone', async () => {
  expect(await findDpu(behind(node().claimed().object, ['another']), UID, 'worker-1')).toMatchObject({
    status: 403,
    refused: { message: expect.stringContaining('does not watch') },
  });
});
