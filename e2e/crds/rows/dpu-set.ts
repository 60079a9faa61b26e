/** DpuSet: what is accepted and what is refused, with the words that a user reads. */
import { UNCHECKED, entries, long, times, type Table } from './row.ts';
import { acceptedParts, rejectedParts } from './shared.ts';

const select = { nodeSelector: { matchLabels: { a: 'b' } } };
const reference = { dpuFlavor: 'hbn', BFB: { bfb: 'doca' } };
const template = (part: object = {}) => ({ dpuTemplate: { spec: { ...reference, ...part } } });
const set = (more: object = {}) => ({ ...select, ...template(), ...more });
const reboot = { automaticNodeReboot: true };
const PACE = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } };
/** A set as it is stored, which differs from what was sent by the defaults. */
const stored = (more: object = {}) => ({ ...select, ...template(reboot), strategy: PACE, ...more });
const pace = (maxUnavailable: unknown) => ({ strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable } } });
const labels = (matchLabels: unknown) => ({ ...template(), nodeSelector: { matchLabels } });
const expressions = (...matchExpressions: object[]) => ({ ...template(), nodeSelector: { matchExpressions } });
const named = (metadata: object) => ({ dpuTemplate: { metadata, spec: { ...reference, ...reboot } } });
const bfb = (name: unknown) => template({ BFB: { bfb: name } });

export const dpuSet: Table = {
  kind: 'DpuSet',
  accepted: {
    ...Object.fromEntries(
      Object.entries(acceptedParts).map(([what, part]) => [
        what,
        { spec: set(template(part)), becomes: stored(template({ ...reboot, ...part })) },
      ]),
    ),
    'the least': { spec: set(), becomes: stored() },
    ...Object.fromEntries(
      [1, 250, '1%', '10%', '99%', '100%'].map((share) => [`maxUnavailable ${JSON.stringify(share)}`, { spec: stored(pace(share)) }]),
    ),
    'a strategy without a pace': {
      spec: set({ strategy: { type: 'OnDelete' } }),
      becomes: stored({ strategy: { ...PACE, type: 'OnDelete' } }),
    },
    'a pace without a type': { spec: set({ strategy: { rollingUpdate: {} } }), becomes: stored() },
    'Recreate, as others name OnDelete': { spec: stored({ strategy: { ...PACE, type: 'Recreate' } }) },
    'a pause': { spec: stored({ paused: true }) },
    'as many labels as go': { spec: stored({ nodeSelector: { matchLabels: entries(32, long(63)) } }) },
    'expressions of every operator': {
      spec: stored({
        nodeSelector: {
          matchExpressions: [
            { key: 'a', operator: 'In', values: ['b', ''] },
            { key: 'example.com/a', operator: 'NotIn', values: times(64, (index) => `v${index}`) },
            { key: 'a', operator: 'Exists' },
            { key: `${long(253)}/${long(62)}`, operator: 'DoesNotExist', values: [] },
          ],
        },
      }),
    },
    'as many expressions as go': {
      spec: stored({ nodeSelector: { matchExpressions: times(16, (index) => ({ key: `k${index}`, operator: 'Exists' })) } }),
    },
    'a dpuSelector': { spec: stored({ dpuSelector: entries(32, long(63)) }) },
    'an empty dpuSelector': { spec: stored({ dpuSelector: {} }) },
    'labels and annotations': {
      spec: stored(named({ labels: entries(32, long(63)), annotations: { 'example.com/note': '$(id)\n\u0000"\'`; ../..' } })),
    },
    'the longest annotations': { spec: stored(named({ annotations: entries(32, long(4096)) })) },
    'the longest image': { spec: stored(template({ ...reboot, BFB: { bfb: long(253) } })) },
    'the longest name': { spec: stored(), name: long(63) },
  },
  rejected: {
    ...Object.fromEntries(
      Object.entries(rejectedParts).map(([what, [part, message]]) => [
        what,
        [set(template(part)), message.replaceAll('{at}', 'spec.dpuTemplate.spec')],
      ]),
    ),
    'no spec': [undefined, `[spec: Required value, ${UNCHECKED}]`],
    'an empty spec': [{}, `[spec.nodeSelector: Required value, spec.dpuTemplate: Required value, ${UNCHECKED}]`],
    'no selector': [
      { ...template(), nodeSelector: {} },
      'spec.nodeSelector: Invalid value: nodeSelector must not be empty, it would select every node: name at least one label',
    ],
    'an empty selector': [
      { ...template(), nodeSelector: { matchLabels: {}, matchExpressions: [] } },
      'spec.nodeSelector: Invalid value: nodeSelector must not be empty, it would select every node: name at least one label',
    ],
    'a label with a key that is none': [
      labels({ 'a b': 'c' }),
      'spec.nodeSelector.matchLabels: Invalid value: nodeSelector.matchLabels: a key must be a label name such as example.com/role',
    ],
    'a label with a value that is none': [
      labels({ a: 'b c' }),
      'spec.nodeSelector.matchLabels[a]: Invalid value: "b c": nodeSelector.matchLabels: a value must be a label value: letters, digits, -, _ and ., with a letter or digit at both ends, or empty',
    ],
    'a label with a value that is too long': [
      labels({ a: long(64) }),
      `[spec.nodeSelector.matchLabels.a: Too long: may not be more than 63 bytes, ${UNCHECKED}]`,
    ],
    'a label that is not text': [
      labels({ a: true }),
      `[spec.nodeSelector.matchLabels.a: Invalid value: "boolean": spec.nodeSelector.matchLabels.a in body must be of type string: "boolean", ${UNCHECKED}]`,
    ],
    'too many labels': [labels(entries(33)), `[spec.nodeSelector.matchLabels: Too many: 33: must have at most 32 items, ${UNCHECKED}]`],
    'an expression without a key': [
      expressions({ operator: 'Exists' }),
      `[spec.nodeSelector.matchExpressions[0].key: Required value, ${UNCHECKED}]`,
    ],
    'an expression without an operator': [
      expressions({ key: 'a' }),
      `[spec.nodeSelector.matchExpressions[0].operator: Required value, ${UNCHECKED}]`,
    ],
    'an operator that is none': [
      expressions({ key: 'a', operator: 'Gt', values: ['1'] }),
      `[spec.nodeSelector.matchExpressions[0].operator: Unsupported value: "Gt": supported values: "In", "NotIn", "Exists", "DoesNotExist", ${UNCHECKED}]`,
    ],
    'a key that is none': [
      expressions({ key: 'a=b', operator: 'Exists' }),
      'spec.nodeSelector.matchExpressions[0].key: Invalid value: "a=b": nodeSelector.matchExpressions: key must be a label name such as example.com/role',
    ],
    'a key that is too long': [
      expressions({ key: long(317), operator: 'Exists' }),
      `[spec.nodeSelector.matchExpressions[0].key: Too long: may not be more than 316 bytes, ${UNCHECKED}]`,
    ],
    'In without values': [
      expressions({ key: 'a', operator: 'In' }),
      'spec.nodeSelector.matchExpressions[0]: Invalid value: nodeSelector.matchExpressions: In and NotIn need values, Exists and DoesNotExist take none',
    ],
    'NotIn with an empty list': [
      expressions({ key: 'a', operator: 'NotIn', values: [] }),
      'spec.nodeSelector.matchExpressions[0]: Invalid value: nodeSelector.matchExpressions: In and NotIn need values, Exists and DoesNotExist take none',
    ],
    'Exists with values': [
      expressions({ key: 'a', operator: 'Exists', values: ['b'] }),
      'spec.nodeSelector.matchExpressions[0]: Invalid value: nodeSelector.matchExpressions: In and NotIn need values, Exists and DoesNotExist take none',
    ],
    'a value that is none': [
      expressions({ key: 'a', operator: 'In', values: ['b c'] }),
      'spec.nodeSelector.matchExpressions[0].values[0]: Invalid value: "b c": nodeSelector.matchExpressions: a value must be a label value: letters, digits, -, _ and ., with a letter or digit at both ends, or empty',
    ],
    'a value that is too long': [
      expressions({ key: 'a', operator: 'In', values: [long(64)] }),
      `[spec.nodeSelector.matchExpressions[0].values[0]: Too long: may not be more than 63 bytes, ${UNCHECKED}]`,
    ],
    'too many values': [
      expressions({ key: 'a', operator: 'In', values: times(65, () => 'b') }),
      `[spec.nodeSelector.matchExpressions[0].values: Too many: 65: must have at most 64 items, ${UNCHECKED}]`,
    ],
    'too many expressions': [
      expressions(...times(17, () => ({ key: 'a', operator: 'Exists' }))),
      `[spec.nodeSelector.matchExpressions: Too many: 17: must have at most 16 items, ${UNCHECKED}]`,
    ],
    'a dpuSelector with a key that is none': [
      set({ dpuSelector: { '/a': 'b' } }),
      'spec.dpuSelector: Invalid value: dpuSelector: a key must be a label name such as example.com/role',
    ],
    'a dpuSelector with a value that is none': [
      set({ dpuSelector: { a: '0000:4b:00' } }),
      'spec.dpuSelector[a]: Invalid value: "0000:4b:00": dpuSelector: a value must be a label value: letters, digits, -, _ and ., with a letter or digit at both ends, or empty',
    ],
    'a dpuSelector with a value that is too long': [
      set({ dpuSelector: { a: long(64) } }),
      `[spec.dpuSelector.a: Too long: may not be more than 63 bytes, ${UNCHECKED}]`,
    ],
    'a dpuSelector with too many labels': [
      set({ dpuSelector: entries(33) }),
      `[spec.dpuSelector: Too many: 33: must have at most 32 items, ${UNCHECKED}]`,
    ],
    'a strategy that is none': [
      set({ strategy: { type: 'BlueGreen' } }),
      `[spec.strategy.type: Unsupported value: "BlueGreen": supported values: "RollingUpdate", "OnDelete", "Recreate", ${UNCHECKED}]`,
    ],
    'no pace': [
      set(pace(0)),
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: maxUnavailable must be a whole number from 1, or a percentage from 1% to 100%',
    ],
    'a negative pace': [
      set(pace(-1)),
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: -1: maxUnavailable must be a whole number from 1, or a percentage from 1% to 100%',
    ],
    'zero percent': [
      set(pace('0%')),
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": maxUnavailable must be a whole number from 1, or a percentage from 1% to 100%',
    ],
    'more than all': [
      set(pace('101%')),
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": maxUnavailable must be a whole number from 1, or a percentage from 1% to 100%',
    ],
    'a number as text': [
      set(pace('5')),
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "5": maxUnavailable must be a whole number from 1, or a percentage from 1% to 100%',
    ],
    'half a percent': [
      set(pace('0.5%')),
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0.5%": maxUnavailable must be a whole number from 1, or a percentage from 1% to 100%',
    ],
    'half a DPU': [
      set(pace(1.5)),
      `[spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "number": spec.strategy.rollingUpdate.maxUnavailable in body must be of type integer,string: "number", <nil>: Invalid value: "": "spec.strategy.rollingUpdate.maxUnavailable" must validate at least one schema (anyOf), spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "number": spec.strategy.rollingUpdate.maxUnavailable in body must be of type integer: "number", <nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.strategy.rollingUpdate.maxUnavailable, ${UNCHECKED}]`,
    ],
    'a pace in words': [
      set(pace('ten percent')),
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "ten percent": maxUnavailable must be a whole number from 1, or a percentage from 1% to 100%',
    ],
    'a pace in many words': [
      set(pace('as many as you like')),
      `[spec.strategy.rollingUpdate.maxUnavailable: Too long: may not be more than 16 bytes, ${UNCHECKED}]`,
    ],
    'a pause in words': [
      set({ paused: 'yes' }),
      `[spec.paused: Invalid value: "string": spec.paused in body must be of type boolean: "string", ${UNCHECKED}]`,
    ],
    'no spec of the template': [{ ...select, dpuTemplate: {} }, `[spec.dpuTemplate.spec: Required value, ${UNCHECKED}]`],
    'a template without references': [
      { ...select, dpuTemplate: { spec: {} } },
      `[spec.dpuTemplate.spec.dpuFlavor: Required value, spec.dpuTemplate.spec.BFB: Required value, ${UNCHECKED}]`,
    ],
    'an image without a name': [set(template({ BFB: {} })), `[spec.dpuTemplate.spec.BFB.bfb: Required value, ${UNCHECKED}]`],
    'a name of an image that is none': [
      set(bfb('doca_2.9')),
      'spec.dpuTemplate.spec.BFB.bfb: Invalid value: "doca_2.9": bfb must be the name of a Bfb: lowercase letters, digits, - and ., with a letter or digit at both ends',
    ],
    'a name of an image that is too long': [
      set(bfb(long(254))),
      `[spec.dpuTemplate.spec.BFB.bfb: Too long: may not be more than 253 bytes, ${UNCHECKED}]`,
    ],
    'a label of the Dpus with a key that is none': [
      set(named({ labels: { 'a b': 'c' } })),
      'spec.dpuTemplate.metadata.labels: Invalid value: dpuTemplate.metadata.labels: a key must be a label name such as example.com/role',
    ],
    'a label of the Dpus with a value that is none': [
      set(named({ labels: { a: 'b c' } })),
      'spec.dpuTemplate.metadata.labels[a]: Invalid value: "b c": dpuTemplate.metadata.labels: a value must be a label value: letters, digits, -, _ and ., with a letter or digit at both ends, or empty',
    ],
    'a label of the Dpus with a value that is too long': [
      set(named({ labels: { a: long(64) } })),
      `[spec.dpuTemplate.metadata.labels.a: Too long: may not be more than 63 bytes, ${UNCHECKED}]`,
    ],
    'too many labels of the Dpus': [
      set(named({ labels: entries(33) })),
      `[spec.dpuTemplate.metadata.labels: Too many: 33: must have at most 32 items, ${UNCHECKED}]`,
    ],
    'an annotation with a key that is none': [
      set(named({ annotations: { 'a b': 'c' } })),
      'spec.dpuTemplate.metadata.annotations: Invalid value: dpuTemplate.metadata.annotations: a key must be a name such as example.com/note',
    ],
    'an annotation that is too long': [
      set(named({ annotations: { a: long(4097) } })),
      `[spec.dpuTemplate.metadata.annotations.a: Too long: may not be more than 4096 bytes, ${UNCHECKED}]`,
    ],
    'too many annotations': [
      set(named({ annotations: entries(33) })),
      `[spec.dpuTemplate.metadata.annotations: Too many: 33: must have at most 32 items, ${UNCHECKED}]`,
    ],
    'a name that is no label': [
      set(),
      '<nil>: Invalid value: metadata.name must be at most 63 characters: it becomes a label of the Dpus of the set',
      long(64),
    ],
  },
  changes: {
    'the selector, the template and the pace': { before: set(), after: set({ ...labels({ c: 'd' }), ...bfb('other'), ...pace('10%') }) },
    'the selector to none': {
      before: set(),
      after: { ...template(), nodeSelector: {} },
      message: 'spec.nodeSelector: Invalid value: nodeSelector must not be empty, it would select every node: name at least one label',
    },
  },
};
