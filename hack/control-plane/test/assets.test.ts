import { describe, expect, test } from '@jest/globals';
import { decideAssets, type Decision, type Found, type Need } from '../src/assets.ts';
import { PROGRAMS } from '../src/programs.ts';

const CACHE = '/cache/kubernetes-v1';
const NAMED = '/named';
const ENVTEST = ['etcd', 'kube-apiserver', 'kubectl'];
const GO = '/go/bin/go';

/** A machine with what is given, and nothing else. */
const machine = (has: { named?: readonly string[]; cache?: readonly string[]; go?: boolean }): Found => ({
  named: has.named && { folder: NAMED, programs: has.named },
  cache: { folder: CACHE, programs: has.cache ?? [] },
  go: has.go ? GO : undefined,
});

const TABLE: [says: string, found: Found, need: Need, decision: Decision | { skip: unknown }][] = [
  ['the folder that the user names comes first', machine({ named: PROGRAMS, cache: PROGRAMS, go: true }), 'all', { folder: NAMED }],
  ["setup-envtest's folder serves what needs an API server", machine({ named: ENVTEST, cache: PROGRAMS }), 'api', { folder: NAMED }],
  [
    "setup-envtest's folder skips what needs controllers, and says so",
    machine({ named: ENVTEST, cache: PROGRAMS, go: true }),
    'all',
    { skip: expect.stringMatching(/\/named holds no kube-controller-manager .*stories that need controllers .* are skipped/) },
  ],
  ['an earlier build is used', machine({ cache: PROGRAMS, go: true }), 'all', { folder: CACHE }],
  ['an earlier build is used without Go', machine({ cache: PROGRAMS }), 'all', { folder: CACHE }],
  ['an incomplete build is built again', machine({ cache: ['etcd'], go: true }), 'all', { build: { go: GO, folder: CACHE } }],
  ['Go builds what is missing', machine({ go: true }), 'api', { build: { go: GO, folder: CACHE } }],
  [
    'a bare machine skips and says the two ways',
    machine({}),
    'api',
    { skip: expect.stringMatching(/skipped: install Go .* set KUBEBUILDER_ASSETS/) },
  ],
];

describe('where the programs of a control plane come from', () => {
  test.each(TABLE)('%s', (_, found, need, decision) => {
    expect(decideAssets(found, need)).toEqual(decision);
  });
  test.each<[string[], RegExp]>([
    [[], /\/named holds no etcd, no kube-apiserver, no kube-controller-manager: name a folder/],
    [['etcd', 'kube-controller-manager'], /\/named holds no kube-apiserver: name a folder/],
  ])('a named folder with %j only is a mistake, not a skip', (named, says) => {
    expect(() => decideAssets(machine({ named, cache: PROGRAMS, go: true }), 'api')).toThrow(says);
  });
});
