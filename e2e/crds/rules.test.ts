/** The tables of the API, on every API server: what is accepted and stored, and what is refused with which words. */
import { describe, expect, test } from '@jest/globals';
import { readCrds } from '../../hack/generate-types.ts';
import { quote } from '../../sim/kube-schema/src/quote.ts';
import type { Body } from '../../sim/kube-sim/test/client.ts';
import { constraints } from './constraints.ts';
import { PAYLOADS, TARGETS, type Payload } from './rows/injection.ts';
import type { Kind, Table } from './rows/row.ts';
import { TABLES } from './rows/tables.ts';
import { objectOf, onBothServers, pathOf, refusal, tryOut, type Server } from './servers.ts';
import { statusBounds, type Bound } from './status-bounds.ts';

/** Faults that the rows of a kind were refused with, as the servers told them. */
const faults = new Map<Kind, { field: string; message: string }[]>();
const schemaOf = (kind: Kind) => readCrds().find(({ spec }) => spec.names.kind === kind)!.spec.versions[0]!.schema.openAPIV3Schema;

onBothServers((server) => {
  for (const table of TABLES) describe(table.kind, () => tellTable(server, table));
  describe('injection', () => tellInjection(server));
  describe.each(TABLES.filter(({ kind }) => schemaOf(kind).properties!['status']).map(({ kind }) => kind))('the status of a %s', (kind) => {
    test('every field has its bounds', async () => {
      const { client } = server();
      const { spec } = Object.values(TABLES.find((table) => table.kind === kind)!.accepted)[0]!;
      await client.post(pathOf(kind), objectOf(kind, 'status', spec));
      const path = `${pathOf(kind)}/status/status?dryRun=All`;
      const bounds = statusBounds(schemaOf(kind).properties!['status']!);
      expect(bounds.length).toBeGreaterThan(30);
      const said = async ({ what, status }: Bound) => {
        const answer = await client.merge(path, { status });
        return { what, said: answer.code === 200 ? 'accepted' : refusal(answer, kind, 'status') };
      };
      expect(await Promise.all(bounds.map(said))).toEqual(bounds.map(({ what, message = 'accepted' }) => ({ what, said: message })));
    });
  });
});

function tellTable(server: () => Server, { kind, accepted, rejected, changes }: Table): void {
  test.each(Object.entries(accepted))('accepted: %s', async (_, { spec, becomes = spec, name = 'accepted' }) => {
    const { body, code } = await tryOut(server().client, kind, name, spec);
    expect(code === 201 ? body['spec'] : body['message']).toEqual(becomes);
  });
  test.each(Object.entries(rejected))('refused: %s', async (_, [spec, message, name = 'refused']) => {
    const answer = await tryOut(server().client, kind, name, spec);
    faults.set(kind, [...(faults.get(kind) ?? []), ...causesOf(answer.body)]);
    if (typeof message === 'string') expect(refusal(answer, kind, name)).toBe(message);
    else expect(new Set(causesOf(answer.body).map((cause) => `${cause.field}: ${cause.message}`))).toEqual(new Set(message));
  });
  test.each(Object.entries(changes))('changed: %s', async (what, { before, after, status, message }) => {
    const { client } = server();
    const name = `change-${Object.keys(changes).indexOf(what)}`;
    expect((await client.post(pathOf(kind), objectOf(kind, name, before))).code).toBe(201);
    const path = `${pathOf(kind)}/${name}`;
    if (status) expect((await client.merge(`${path}/status`, { status })).code).toBe(200);
    const answer = await client.put(path, { ...(await client.get(path)).body, spec: after });
    faults.set(kind, [...(faults.get(kind) ?? []), ...causesOf(answer.body)]);
    expect(answer.code === 200 ? undefined : refusal(answer, kind, name)).toBe(message);
  });
}

function tellInjection(server: () => Server): void {
  test.each(Object.entries(TARGETS))('%s', async (_, { flavor, text, accepts, at, says, but }) => {
    const names = Object.keys(PAYLOADS) as Payload[];
    const textOf = (name: Payload) => text?.(PAYLOADS[name]) ?? PAYLOADS[name];
    const said = async (name: Payload) => {
      const answer = await tryOut(server().client, 'DPUFlavor', 'injected', flavor([textOf(name)]));
      return [name, answer.code === 201 ? 'accepted' : refusal(answer, 'DPUFlavor', 'injected')];
    };
    const expected = (name: Payload) => {
      const faults = (but?.[name] ?? [says]).map((words) => `${at}: Invalid value: ${quote(textOf(name))}: ${words}`);
      return [name, accepts.includes(name) ? 'accepted' : faults.length > 1 ? `[${faults.join(', ')}]` : faults[0]];
    };
    expect(await Promise.all(names.map(said))).toEqual(names.map(expected));
  });
}

const causesOf = (body: Body): { field: string; message: string }[] => body['details']?.causes ?? [];

describe('no bound and no rule without a row that breaks it', () => {
  test.each(TABLES.map(({ kind }) => kind))('%s', (kind) => {
    const schema = schemaOf(kind);
    const all = [...constraints({ ...schema, properties: { spec: schema.properties!['spec']! } }, '')];
    const unbroken = all.filter(({ brokenBy }) => !faults.get(kind)!.some(({ field, message }) => brokenBy(field, message)));
    expect(unbroken.map(({ name }) => name)).toEqual([]);
  });
});
test('every text of a spec that has a form is told of in a sentence, not by a regular expression', () => {
  const withPattern = TABLES.flatMap(({ kind }) =>
    [...constraints(schemaOf(kind).properties!['spec']!, `${kind}.spec`)].filter(({ name }) => name.endsWith(': pattern')),
  );
  expect(withPattern.map(({ name }) => name)).toEqual([]);
});
test('there are at least 200 rows', () => {
  const rows = TABLES.flatMap(({ accepted, rejected, changes }) => [accepted, rejected, changes].flatMap(Object.keys));
  expect(rows.length).toBeGreaterThanOrEqual(200);
});
