/** What a Dpu and the template of a DpuSet have in common: node effect, cluster, references. */
import { UNCHECKED, entries, long } from './row.ts';

const taint = (more: object) => ({ nodeEffect: { taint: { key: 'dpu', effect: 'NoSchedule', ...more } } });
const customLabel = (labels: object) => ({ nodeEffect: { customLabel: labels } });
const cluster = (more: object) => ({ cluster: { name: 'a', namespace: 'b', ...more } });

/** Parts of a spec. */
export const acceptedParts: Record<string, object> = {
  'a taint without a value': taint({}),
  'the longest taint': taint({ key: `${long(253)}/${long(62)}`, value: long(63), effect: 'NoExecute' }),
  'a taint that Pods may prefer not to meet': taint({ value: '', effect: 'PreferNoSchedule' }),
  'as many labels as go': customLabel(entries(16, long(63))),
  'a label without a value': customLabel({ 'example.com/a': '' }),
  'no effect': { nodeEffect: { noEffect: true } },
  'a taint and no noEffect': { nodeEffect: { noEffect: false, taint: { key: 'a', effect: 'NoSchedule' } } },
  'the longest cluster': cluster({ name: long(236), namespace: long(63), nodeLabels: entries(32, long(63)) }),
  'a cluster without labels': cluster({ nodeLabels: {} }),
  'the longest references': { dpuFlavor: long(253) },
  'a host that is not rebooted': { automaticNodeReboot: false },
};

/** Parts of a spec, and the words that a user reads; `{at}` stands for where the part is. */
export const rejectedParts: Record<string, [part: object, message: string]> = {
  'a name of a flavor that is none': [
    { dpuFlavor: 'HBN' },
    '{at}.dpuFlavor: Invalid value: "HBN": dpuFlavor must be the name of a DPUFlavor: lowercase letters, digits, - and ., with a letter or digit at both ends',
  ],
  'a flavor of another namespace': [
    { dpuFlavor: 'other/hbn' },
    '{at}.dpuFlavor: Invalid value: "other/hbn": dpuFlavor must be the name of a DPUFlavor: lowercase letters, digits, - and ., with a letter or digit at both ends',
  ],
  'a name of a flavor that is too long': [
    { dpuFlavor: long(254) },
    `[{at}.dpuFlavor: Too long: may not be more than 253 bytes, ${UNCHECKED}]`,
  ],
  'an empty node effect': [
    { nodeEffect: {} },
    '{at}.nodeEffect: Invalid value: nodeEffect: set exactly one of taint, customLabel and noEffect: true',
  ],
  'noEffect: false alone': [
    { nodeEffect: { noEffect: false } },
    '{at}.nodeEffect: Invalid value: nodeEffect: set exactly one of taint, customLabel and noEffect: true',
  ],
  'a taint and noEffect': [
    { nodeEffect: { noEffect: true, taint: { key: 'a', effect: 'NoExecute' } } },
    '{at}.nodeEffect: Invalid value: nodeEffect: set exactly one of taint, customLabel and noEffect: true',
  ],
  'a taint and a label': [
    { nodeEffect: { customLabel: { a: 'b' }, taint: { key: 'a', effect: 'NoExecute' } } },
    '{at}.nodeEffect: Invalid value: nodeEffect: set exactly one of taint, customLabel and noEffect: true',
  ],
  'noEffect in words': [
    { nodeEffect: { noEffect: 'yes' } },
    `[{at}.nodeEffect.noEffect: Invalid value: "string": {at}.nodeEffect.noEffect in body must be of type boolean: "string", ${UNCHECKED}]`,
  ],
  'a taint without a key': [
    { nodeEffect: { taint: { effect: 'NoExecute' } } },
    `[{at}.nodeEffect.taint.key: Required value, ${UNCHECKED}]`,
  ],
  'a taint without an effect': [{ nodeEffect: { taint: { key: 'a' } } }, `[{at}.nodeEffect.taint.effect: Required value, ${UNCHECKED}]`],
  'a taint with an effect that is none': [
    taint({ effect: 'Drain' }),
    `[{at}.nodeEffect.taint.effect: Unsupported value: "Drain": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute", ${UNCHECKED}]`,
  ],
  'a taint with a key that is none': [
    taint({ key: 'a b' }),
    '{at}.nodeEffect.taint.key: Invalid value: "a b": nodeEffect.taint.key must be a taint key such as example.com/dpu',
  ],
  'a taint with a prefix that is none': [
    taint({ key: 'a..b/c' }),
    '{at}.nodeEffect.taint.key: Invalid value: "a..b/c": nodeEffect.taint.key must be a taint key such as example.com/dpu',
  ],
  'a taint with a key that is too long': [
    taint({ key: long(317) }),
    `[{at}.nodeEffect.taint.key: Too long: may not be more than 316 bytes, ${UNCHECKED}]`,
  ],
  'a taint with a value that is none': [
    taint({ value: '$(id)' }),
    '{at}.nodeEffect.taint.value: Invalid value: "$(id)": nodeEffect.taint.value must be of letters, digits, -, _ and ., with a letter or digit at both ends, or empty',
  ],
  'a taint with a value that is too long': [
    taint({ value: long(64) }),
    `[{at}.nodeEffect.taint.value: Too long: may not be more than 63 bytes, ${UNCHECKED}]`,
  ],
  'no custom label': [
    customLabel({}),
    '{at}.nodeEffect.customLabel: Invalid value: nodeEffect.customLabel must name at least one label; to leave the Node as it is, set noEffect: true',
  ],
  'a custom label with a key that is none': [
    customLabel({ '-a': 'b' }),
    '{at}.nodeEffect.customLabel: Invalid value: nodeEffect.customLabel: a key must be a label name such as example.com/role',
  ],
  'a custom label with a value that is none': [
    customLabel({ a: 'b c' }),
    '{at}.nodeEffect.customLabel[a]: Invalid value: "b c": nodeEffect.customLabel: a value must be a label value: letters, digits, -, _ and ., with a letter or digit at both ends, or empty',
  ],
  'a custom label with a value that is too long': [
    customLabel({ a: long(64) }),
    `[{at}.nodeEffect.customLabel.a: Too long: may not be more than 63 bytes, ${UNCHECKED}]`,
  ],
  'too many custom labels': [
    customLabel(entries(17)),
    `[{at}.nodeEffect.customLabel: Too many: 17: must have at most 16 items, ${UNCHECKED}]`,
  ],
  'a cluster without a name': [{ cluster: { namespace: 'b' } }, `[{at}.cluster.name: Required value, ${UNCHECKED}]`],
  'a cluster without a namespace': [{ cluster: { name: 'a' } }, `[{at}.cluster.namespace: Required value, ${UNCHECKED}]`],
  'a name of a cluster that is none': [
    cluster({ name: 'a/b' }),
    '{at}.cluster.name: Invalid value: "a/b": cluster.name must be the name of a TenantControlPlane: lowercase letters, digits, - and ., with a letter or digit at both ends',
  ],
  'a name of a cluster that is too long': [
    cluster({ name: long(237) }),
    `[{at}.cluster.name: Too long: may not be more than 236 bytes, ${UNCHECKED}]`,
  ],
  'a namespace that climbs': [
    cluster({ namespace: '..' }),
    '{at}.cluster.namespace: Invalid value: "..": cluster.namespace must be the name of a Namespace: lowercase letters, digits and -, with a letter or digit at both ends',
  ],
  'a namespace with a dot': [
    cluster({ namespace: 'a.b' }),
    '{at}.cluster.namespace: Invalid value: "a.b": cluster.namespace must be the name of a Namespace: lowercase letters, digits and -, with a letter or digit at both ends',
  ],
  'a namespace that is too long': [
    cluster({ namespace: long(64) }),
    `[{at}.cluster.namespace: Too long: may not be more than 63 bytes, ${UNCHECKED}]`,
  ],
  'a tenant label with a key that is none': [
    cluster({ nodeLabels: { 'a/b/c': 'd' } }),
    '{at}.cluster.nodeLabels: Invalid value: cluster.nodeLabels: a key must be a label name such as example.com/role',
  ],
  'a tenant label of ours': [
    cluster({ nodeLabels: { 'provisioning.dpu.nvidia.com/dpu-uid': 'd' } }),
    '{at}.cluster.nodeLabels: Invalid value: cluster.nodeLabels: keys of provisioning.dpu.nvidia.com are written by dpu-controller; choose another',
  ],
  'a tenant label with a value that is none': [
    cluster({ nodeLabels: { a: '-' } }),
    '{at}.cluster.nodeLabels[a]: Invalid value: "-": cluster.nodeLabels: a value must be a label value: letters, digits, -, _ and ., with a letter or digit at both ends, or empty',
  ],
  'a tenant label that is not text': [
    cluster({ nodeLabels: { a: true } }),
    `[{at}.cluster.nodeLabels.a: Invalid value: "boolean": {at}.cluster.nodeLabels.a in body must be of type string: "boolean", ${UNCHECKED}]`,
  ],
  'a tenant label with a value that is too long': [
    cluster({ nodeLabels: { a: long(64) } }),
    `[{at}.cluster.nodeLabels.a: Too long: may not be more than 63 bytes, ${UNCHECKED}]`,
  ],
  'too many tenant labels': [
    cluster({ nodeLabels: entries(33) }),
    `[{at}.cluster.nodeLabels: Too many: 33: must have at most 32 items, ${UNCHECKED}]`,
  ],
  'a reboot in words': [
    { automaticNodeReboot: 'no' },
    `[{at}.automaticNodeReboot: Invalid value: "string": {at}.automaticNodeReboot in body must be of type boolean: "string", ${UNCHECKED}]`,
  ],
};
