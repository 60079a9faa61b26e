/** Values that the chart refuses: by its schema, and by its templates where two values do not go together. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { CHART, render } from './helm.ts';

describe('wrong values are refused with a sentence', () => {
  test.each<[object, RegExp]>([
    [
      {
        tenantClusters: [
          { namespace: 'tenant', usableFrom: ['a'] },
          { namespace: 'tenant', usableFrom: ['b'] },
        ],
      },
      /tenantClusters names the namespace tenant twice: put all names into one entry/,
    ],
    [{ 'redis.enabled': false }, /redis.enabled is false: set redis.external.url or redis.external.existingSecret/],
    [{ 'certificates.mode': 'existing' }, /certificates.existing.\w+ is needed where certificates.mode is existing/],
    [
      { 'dpuController.serviceAccount.create': false },
      /serviceAccount.name is needed where serviceAccount.create is false \(dpu-controller\)/,
    ],
  ])('%j', async (values, sentence) => {
    await expect(render({ values })).rejects.toThrow(sentence);
  });

  describe('by the schema', () => {
    const WRONG: [object, RegExp][] = [
      [{ dpuControler: { replicas: 3 } }, /additional properties 'dpuControler' not allowed/],
      [{ 'dpuController.replica': 3 }, /at '\/dpuController': additional properties 'replica' not allowed/],
      [{ 'dpuController.replicas': 'many' }, /at '\/dpuController\/replicas': got string, want null or integer/],
      [{ 'dpuController.maxParallelInstalls': 0 }, /at '\/dpuController\/maxParallelInstalls'/],
      [{ discovery: 'nft' }, /at '\/discovery': value must be one of '', 'nfd', 'agent'/],
      [{ logLevel: 'verbose' }, /at '\/logLevel': value must be one of/],
      [{ 'tenantClusters[0]': { namespace: 'tenant' } }, /at '\/tenantClusters\/0': missing property 'usableFrom'/],
      [{ 'tenantClusters[1]': { namespace: 'tenant', usableFrom: '*' } }, /clusters\/1\/usableFrom': got string, want array/i],
      [{ watchNamespaces: ['Team_A'] }, /at '\/watchNamespaces\/0': 'Team_A' does not match pattern/],
      [{ 'image.pullPolicy': 'Sometimes' }, /at '\/image\/pullPolicy': value must be one of/],
      [{ 'dmsAgent.image.digest': 'abc' }, /at '\/dmsAgent\/image\/digest': 'abc' does not match pattern/],
      [{ 'dmsAgent.maxUnavailable': 'ten' }, /at '\/dmsAgent\/maxUnavailable'/],
      [{ 'redis.external.url': 'redis://user:password@host' }, /at '\/redis\/external\/url'.*does not match pattern/],
      [{ 'networkPolicy.apiServerCidrs': ['10.0.0.1'] }, /at '\/networkPolicy\/apiServerCidrs\/0'/],
      [{ 'bfbVolume.hostPath': 'relative' }, /at '\/bfbVolume\/hostPath'/],
      [{ 'bfbVolume.size': 'big' }, /at '\/bfbVolume\/size': 'big' does not match pattern/],
    ];
    let said: string;
    beforeAll(async () => {
      const values = Object.assign({}, ...WRONG.map(([wrong]) => wrong)) as object;
      said = await render({ values }).catch((error: Error) => error.message);
    });
    test.each(WRONG)('%j', (_, sentence) => {
      expect(said).toMatch(sentence);
    });
    test('at every depth; only global may hold values of a chart that this one is part of', () => {
      const open: string[] = [];
      const look = (node: unknown, path: string) => {
        if (typeof node !== 'object' || node === null) return;
        if ('properties' in node && (node as { additionalProperties?: unknown }).additionalProperties !== false) open.push(path);
        for (const [key, inside] of Object.entries(node)) look(inside, `${path}/${key}`);
      };
      look(JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8')), '');
      expect(open).toEqual(['/properties/global']);
    });
  });
});
