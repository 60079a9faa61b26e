/** The audit log as it is read, and the budget as it is judged on it. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import type { Dpu, Phase } from '@dpf/api';
import { auditLength, countRequests, dpuWrites, readAudit, writesPerDpu, type AuditEvent } from './audit.ts';
import { judgeBudget } from './judge.ts';

const folder = mkdtempSync(join(tmpdir(), 'audit-'));
afterAll(() => rmSync(folder, { recursive: true }));
let version = 100;

/** As kube-apiserver 1.36 writes it, shortened. */
const event = (change: Partial<AuditEvent>): AuditEvent => ({
  stage: 'ResponseComplete',
  requestURI: '/apis/provisioning.dpu.nvidia.com/v1alpha1/namespaces/n/dpus/d/status',
  verb: 'patch',
  user: { username: 'system:serviceaccount:n:dpu-controller' },
  userAgent: 'dpu-controller/0.1.0',
  objectRef: { resource: 'dpus', subresource: 'status', apiGroup: 'provisioning.dpu.nvidia.com', namespace: 'n', name: 'd' },
  responseStatus: { code: 200 },
  stageTimestamp: '2026-03-01T12:00:00.000000Z',
  ...change,
});
/** A Dpu that was in service once. */
const dpu = (name: string, host: string, phase: Phase, change: Partial<Dpu['metadata']> = {}): Dpu => ({
  apiVersion: 'provisioning.dpu.nvidia.com/v1alpha1',
  kind: 'Dpu',
  metadata: { name, namespace: 'n', uid: `uid-${name}`, resourceVersion: String(version++), ...change },
  spec: { nodeName: host, pciAddress: '0000-4b-00', bfb: 'b', dpuFlavor: 'f' },
  status: {
    phase,
    conditions: [{ type: 'Ready', status: phase === 'Ready' ? 'True' : 'False', reason: 'R', message: '', lastTransitionTime: '' }],
    provisioned: { bfbSha256: 'a'.repeat(64), flavorHash: 'f', at: '' },
  },
});
const written = (responseObject: Dpu): AuditEvent => event({ responseObject });
async function fromFile(...lines: AuditEvent[]): Promise<AuditEvent[]> {
  const file = join(folder, `${version++}.jsonl`);
  writeFileSync(file, lines.map((line) => JSON.stringify(line) + '\n').join(''));
  expect(await auditLength(file)).toBe(lines.length);
  return readAudit(file);
}

describe('the log', () => {
  test('has each request once: an answer when it is complete, a watch when it starts', async () => {
    const watch = { verb: 'watch', objectRef: { resource: 'dpus' } };
    const events = await fromFile(
      event({ stage: 'RequestReceived' }),
      event({}),
      event({ ...watch, stage: 'ResponseStarted' }),
      event({ ...watch, stage: 'ResponseComplete' }),
    );
    expect(countRequests(events).map(({ kind, user, count }) => [kind, user, count])).toEqual([
      ['patch dpus/status', 'system:serviceaccount:n:dpu-controller', 1],
      ['watch dpus', 'system:serviceaccount:n:dpu-controller', 1],
    ]);
  });

  test('names nobody where a token was refused', async () => {
    const [refused] = await fromFile(event({ user: {} as AuditEvent['user'], responseStatus: { code: 401 } }));
    expect(refused?.user.username).toBe('');
  });

  test('may be read while its last line is being written: that one counts the next time', async () => {
    const file = join(folder, 'growing.jsonl');
    const [line, next] = [JSON.stringify(event({})), JSON.stringify(event({ verb: 'get' }))];
    writeFileSync(file, `${line}\n${next.slice(0, 40)}`);
    expect(await readAudit(file)).toHaveLength(1);
    const from = await auditLength(file);
    appendFileSync(file, `${next.slice(40)}\n`);
    expect((await readAudit(file, from)).map(({ verb }) => verb)).toEqual(['get']);
  });

  test('counts per Dpu what the services wrote: nothing refused, no dry run, no Event, nothing of tests', () => {
    const events = [
      event({}),
      event({}),
      event({ verb: 'patch', objectRef: { resource: 'nodes' } }),
      event({ responseStatus: { code: 409 } }),
      event({ requestURI: '/x?dryRun=All' }),
      event({ verb: 'get' }),
      event({ verb: 'create', objectRef: { resource: 'events' } }),
      event({ userAgent: 'dpf-e2e/1' }),
    ];
    expect([...writesPerDpu(events, 2)]).toEqual([
      ['patch dpus/status', 1],
      ['patch nodes', 0.5],
    ]);
  });

  test('writes of Dpus come in the order in which they took place, until the Dpu is gone', () => {
    const [one, two] = [dpu('a', 'h', 'Ready'), dpu('a', 'h', 'NodeEffect')];
    const last = dpu('a', 'h', 'Deleting', { deletionTimestamp: '2026-03-01T12:00:00Z', finalizers: [] });
    const status = { kind: 'Status', status: 'Success', details: { uid: 'uid-b' } };
    const writes = dpuWrites([written(two), written(one), written(last), event({ verb: 'delete', responseObject: status })]);
    expect(writes.map(({ uid, dpu: is }) => [uid, is?.status?.phase])).toEqual([
      ['uid-a', 'Ready'],
      ['uid-a', 'NodeEffect'],
      ['uid-a', undefined],
      ['uid-b', undefined],
    ]);
  });
});

describe('the budget of one', () => {
  const judged = (...steps: [string, string, Phase][]) => {
    const start = [dpu('a', 'h1', 'Ready'), dpu('b', 'h1', 'Ready'), dpu('c', 'h2', 'Ready'), dpu('d', 'h3', 'Ready')];
    const writes = [...start, ...steps.map(([name, host, phase]) => dpu(name, host, phase))].map(written);
    return judgeBudget(dpuWrites(writes), 1);
  };
  const told = [expect.stringContaining('while 1 DPUs of other hosts were unavailable, 1 may be')];

  test.each<[string, [string, string, Phase][], unknown[]]>([
    [
      'one host after the other',
      [
        ['c', 'h2', 'NodeEffect'],
        ['c', 'h2', 'Ready'],
        ['d', 'h3', 'NodeEffect'],
      ],
      [],
    ],
    [
      'two hosts at once',
      [
        ['c', 'h2', 'NodeEffect'],
        ['d', 'h3', 'NodeEffect'],
      ],
      told,
    ],
    [
      'a step that skips the phase of the node effect',
      [
        ['c', 'h2', 'Error'],
        ['d', 'h3', 'OSInstalling'],
      ],
      told,
    ],
    [
      'both DPUs of a host, alone',
      [
        ['a', 'h1', 'NodeEffect'],
        ['b', 'h1', 'NodeEffect'],
        ['a', 'h1', 'OSInstalling'],
        ['a', 'h1', 'Rebooting'],
      ],
      [],
    ],
    [
      'both DPUs of a host, not alone',
      [
        ['c', 'h2', 'Error'],
        ['a', 'h1', 'NodeEffect'],
      ],
      told,
    ],
  ])('%s', (_, steps, wrong) => {
    expect(judged(...steps)).toEqual(wrong);
  });

  test('what fails once a host was granted is not held against it', () => {
    const granted = (name: string, host: string, phase: Phase) => {
      const of = dpu(name, host, phase);
      return { ...of, metadata: { ...of.metadata, generation: 2 }, status: { ...of.status, observedGeneration: 1 } };
    };
    const failed = () => dpu('d', 'h3', 'OSInstalling');
    const steps = (...makers: (() => Dpu)[]) =>
      judgeBudget(dpuWrites([() => dpu('d', 'h3', 'Ready'), ...makers].map((make) => written(make()))), 1);
    const isGranted = () => granted('c', 'h2', 'Ready');
    const isDisrupted = () => granted('c', 'h2', 'NodeEffect');
    expect(steps(isGranted, failed, isDisrupted)).toEqual([]);
    expect(steps(failed, isGranted, isDisrupted)).toEqual(told);
  });

  test('what never was in service is not counted', () => {
    const fresh = (name: string, host: string) => {
      const of = dpu(name, host, 'NodeEffect');
      return { ...of, status: { ...of.status, provisioned: undefined } };
    };
    expect(judgeBudget(dpuWrites([fresh('a', 'h1'), fresh('b', 'h2')].map(written)), 1)).toEqual([]);
  });
});
