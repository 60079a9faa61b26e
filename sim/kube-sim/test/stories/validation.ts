import { describe, expect, test } from '@jest/globals';
import type { Body, Client } from '../client.ts';
import { WIDGETS, fresh, widget } from '../server.ts';

const UNCHECKED =
  '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';

export function validationStories(client: () => Client): void {
  /** The faults of a refused object as one reads them, e.g. `spec.size: Required value`. */
  const faults = async (spec: unknown): Promise<string[]> => {
    const { body } = await client().post(WIDGETS, { ...widget('refused'), spec });
    expect(body).toMatchObject({ code: 422, reason: 'Invalid', details: { name: 'refused', group: 'example.com', kind: 'Widget' } });
    return (body['details'].causes as Body[]).map(({ field, message }) => `${field}: ${message}`);
  };
  const wrongType = (path: string, type: string, is: string) =>
    `${path}: Invalid value: "${is}": ${path} in body must be of type ${type}: "${is}"`;

  describe('validation', () => {
    test.each<[string, unknown, string[]]>([
      ['a required field', {}, ['spec.size: Required value', UNCHECKED]],
      ['a minimum', { size: 0 }, ['spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1']],
      ['a maximum', { size: 11 }, ['spec.size: Invalid value: 11: spec.size in body should be less than or equal to 10']],
      ['a type', { size: 'x' }, [wrongType('spec.size', 'integer', 'string'), UNCHECKED]],
      ['an object', 'x', [wrongType('spec', 'object', 'string'), UNCHECKED]],
      ['an array', { size: 3, tags: 'x' }, [wrongType('spec.tags', 'array', 'string'), UNCHECKED]],
      ['an integer or string', { size: 3, port: true }, [wrongType('spec.port', 'integer,string', 'boolean'), UNCHECKED]],
      ['a shortest text', { size: 3, name: 'a' }, ['spec.name: Invalid value: "a": spec.name in body should be at least 2 chars long']],
      ['a longest text', { size: 3, name: 'aaaaaaaaa' }, ['spec.name: Too long: may not be more than 8 bytes', UNCHECKED]],
      ['a pattern', { size: 3, name: 'A1' }, [`spec.name: Invalid value: "A1": spec.name in body should match '^[a-z]+$'`]],
      [
        'an enumeration',
        { size: 3, color: 'blue' },
        ['spec.color: Unsupported value: "blue": supported values: "red", "green"', UNCHECKED],
      ],
      ['a multiple', { size: 3, ratio: 0.7 }, ['spec.ratio: Invalid value: 0.7: spec.ratio in body should be a multiple of 0.5']],
      ['a format', { size: 3, when: 'x' }, ['spec.when: Invalid value: "x": spec.when in body must be of type date-time: "x"', UNCHECKED]],
      ['a fewest items', { size: 3, tags: [] }, ['spec.tags: Invalid value: 0: spec.tags in body should have at least 1 items']],
      ['a most items', { size: 3, tags: ['a', 'b', 'c', 'd'] }, ['spec.tags: Too many: 4: must have at most 3 items', UNCHECKED]],
      ['a set', { size: 3, tags: ['a', 'a'] }, ['spec.tags[1]: Duplicate value: "a"']],
      ['the keys of a list', { size: 3, parts: [{ name: 'a' }, { name: 'a' }] }, ['spec.parts[1]: Duplicate value: {"name":"a"}']],
      ['a key of an item', { size: 3, parts: [{}] }, ['spec.parts[0].name: Required value', UNCHECKED]],
      ['a most properties', { size: 3, one: { a: 'x', b: true } }, ['spec.one: Too many: 2: must have at most 1 item', UNCHECKED]],
      ['a fewest properties', { size: 3, one: {} }, ['spec.one: Invalid value: 0: spec.one in body should have at least 1 properties']],
      ['a rule', { size: 3, low: 4 }, ['spec: Invalid value: low must not exceed size']],
      [
        'a bound and a rule',
        { size: 11, low: 12 },
        [
          'spec.size: Invalid value: 11: spec.size in body should be less than or equal to 10',
          'spec: Invalid value: low must not exceed size',
        ],
      ],
      [
        'a rule without words, and one that makes them',
        { size: 3, nomsg: 'abcde' },
        [`spec.nomsg: Invalid value: "abcde": failed rule: self.startsWith('x')`, 'spec.nomsg: Invalid value: "abcde": too long: abcde'],
      ],
    ])('%s is enforced, in the words of a real server', async (_what, spec, expected) => {
      expect(await faults(spec)).toEqual(expected);
    });

    test('the message of a single fault and of several', async () => {
      const message = async (spec: Body) => (await client().post(WIDGETS, { ...widget('a'), spec })).body['message'] as string;
      expect(await message({ size: 3, low: 4 })).toBe('Widget.example.com "a" is invalid: spec: Invalid value: low must not exceed size');
      expect(await message({})).toBe(`Widget.example.com "a" is invalid: [spec.size: Required value, ${UNCHECKED}]`);
    });

    test('a null is kept where it is allowed and dropped, or defaulted, elsewhere', async () => {
      const { body } = await client().post(WIDGETS, widget(fresh(), { maybe: null, name: null, color: null }));
      expect(body['spec']).toEqual({ size: 3, maybe: null, color: 'red' });
    });

    test('what is marked so keeps its unknown fields', async () => {
      const free = { any: [{ thing: 1 }], deep: { er: true } };
      expect((await client().post(WIDGETS, widget(fresh(), { free }))).body['spec'].free).toEqual(free);
    });

    test('int-or-string takes both', async () => {
      for (const port of [1, '50%']) expect((await client().post(WIDGETS, widget(fresh(), { port }))).body['spec'].port).toBe(port);
    });

    test('transition rules compare with the value before, at the place and with the reason that they name', async () => {
      const name = fresh();
      const path = `${WIDGETS}/${name}`;
      await client().post(WIDGETS, widget(name, { name: 'abc' }));
      expect((await client().merge(path, { spec: { fixed: 'x' } })).code).toBe(200);
      expect((await client().merge(path, { spec: { fixed: 'y' } })).body['details'].causes).toEqual([
        { reason: 'FieldValueInvalid', field: 'spec.fixed', message: 'Invalid value: "y": fixed is immutable' },
      ]);
      expect((await client().merge(path, { spec: { name: 'abd' } })).body['details'].causes).toEqual([
        { reason: 'FieldValueForbidden', field: 'spec.name', message: 'Forbidden: name is immutable' },
      ]);
      expect((await client().merge(path, { spec: { name: null } })).code).toBe(422);
      expect((await client().merge(path, { spec: { fixed: null } })).code).toBe(200);
    });
  });

  describe('a changed definition', () => {
    const DEFINITION = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com';

    test('an update may leave old faults as they are, but make no new ones', async () => {
      const name = fresh();
      const path = `${WIDGETS}/${name}`;
      await client().post(WIDGETS, widget(name, { size: 10 }));
      const pointer = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/size/maximum';
      const bound = (value: number) =>
        client().call('PATCH', DEFINITION, [{ op: 'replace', path: pointer, value }], { type: 'application/json-patch+json' });
      expect((await bound(5)).code).toBe(200);
      try {
        // A real server applies the new schema a moment after it has accepted it.
        while ((await client().post(`${WIDGETS}?dryRun=All`, widget('x', { size: 10 }))).code !== 422);
        expect((await client().merge(path, { spec: { low: 1 } })).code).toBe(200);
        expect((await client().merge(path, { spec: { size: 9 } })).code).toBe(422);
      } finally {
        await bound(10);
        while ((await client().post(`${WIDGETS}?dryRun=All`, widget('x', { size: 10 }))).code !== 201);
      }
    });
  });
}
