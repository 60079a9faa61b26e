/** Dpu: what is accepted and what is refused, with the words that a user reads. */
import { UNCHECKED, long, type Table } from './row.ts';
import { acceptedParts, rejectedParts } from './shared.ts';

const card = { nodeName: 'worker-1', pciAddress: '0000-4b-00', bfb: 'doca', dpuFlavor: 'hbn' };
const dpu = (more: object) => ({ ...card, ...more });
const reboot = { automaticNodeReboot: true };
const GREATEST = Number.MAX_SAFE_INTEGER;

export const dpuTable: Table = {
  kind: 'Dpu',
  accepted: {
    ...Object.fromEntries(
      Object.entries(acceptedParts).map(([what, part]) => [what, { spec: dpu(part), becomes: dpu({ ...reboot, ...part }) }]),
    ),
    'the least': { spec: card, becomes: dpu(reboot) },
    'the longest names': { spec: dpu({ ...reboot, nodeName: long(253), bfb: long(253) }) },
    'a dotted name of a Node': { spec: dpu({ ...reboot, nodeName: 'ip-10-0-0-7.eu-central-1.compute.internal' }) },
    'a device above 9': { spec: dpu({ ...reboot, pciAddress: 'ffff-ff-1f' }) },
    'the first grant': { spec: dpu({ ...reboot, grant: 1 }) },
    'a great grant': { spec: dpu({ ...reboot, grant: GREATEST }) },
    'a pause': { spec: dpu({ ...reboot, paused: true }) },
    'the longest name': { spec: dpu(reboot), name: long(63) },
  },
  rejected: {
    ...Object.fromEntries(
      Object.entries(rejectedParts).map(([what, [part, message]]) => [what, [dpu(part), message.replaceAll('{at}', 'spec')]]),
    ),
    'no spec': [undefined, `[spec: Required value, ${UNCHECKED}]`],
    'an empty spec': [
      {},
      `[spec.nodeName: Required value, spec.pciAddress: Required value, spec.bfb: Required value, spec.dpuFlavor: Required value, ${UNCHECKED}]`,
    ],
    'a Node of a name that is none': [
      dpu({ nodeName: 'Worker_1' }),
      'spec.nodeName: Invalid value: "Worker_1": nodeName must be the name of a Node: lowercase letters, digits, - and ., with a letter or digit at both ends',
    ],
    'a Node of a name that is too long': [
      dpu({ nodeName: long(254) }),
      `[spec.nodeName: Too long: may not be more than 253 bytes, ${UNCHECKED}]`,
    ],
    'a PCI address as the host writes it': [
      dpu({ pciAddress: '0000:4b:00' }),
      'spec.pciAddress: Invalid value: "0000:4b:00": pciAddress must be PCI domain, bus and device in lowercase with dashes: 0000-4b-00 for what lspci shows as 0000:4b:00.0',
    ],
    'a PCI address with its function': [
      dpu({ pciAddress: '0000:4b:00.0' }),
      'spec.pciAddress: Invalid value: "0000:4b:00.0": pciAddress must be PCI domain, bus and device in lowercase with dashes: 0000-4b-00 for what lspci shows as 0000:4b:00.0',
    ],
    'a PCI address in capitals': [
      dpu({ pciAddress: '0000-4B-00' }),
      'spec.pciAddress: Invalid value: "0000-4B-00": pciAddress must be PCI domain, bus and device in lowercase with dashes: 0000-4b-00 for what lspci shows as 0000:4b:00.0',
    ],
    'a PCI address without a domain': [
      dpu({ pciAddress: '4b-00' }),
      'spec.pciAddress: Invalid value: "4b-00": pciAddress must be PCI domain, bus and device in lowercase with dashes: 0000-4b-00 for what lspci shows as 0000:4b:00.0',
    ],
    'a device that PCI does not have': [
      dpu({ pciAddress: '0000-4b-20' }),
      'spec.pciAddress: Invalid value: "0000-4b-20": pciAddress must be PCI domain, bus and device in lowercase with dashes: 0000-4b-00 for what lspci shows as 0000:4b:00.0',
    ],
    'a PCI address that climbs': [
      dpu({ pciAddress: '../../../etc' }),
      'spec.pciAddress: Invalid value: "../../../etc": pciAddress must be PCI domain, bus and device in lowercase with dashes: 0000-4b-00 for what lspci shows as 0000:4b:00.0',
    ],
    'a PCI address far too long': [
      dpu({ pciAddress: '0'.repeat(33) }),
      `[spec.pciAddress: Too long: may not be more than 32 bytes, ${UNCHECKED}]`,
    ],
    'a Bfb of a name that is none': [
      dpu({ bfb: 'doca 2.9' }),
      'spec.bfb: Invalid value: "doca 2.9": bfb must be the name of a Bfb: lowercase letters, digits, - and ., with a letter or digit at both ends',
    ],
    'a Bfb of a name that is too long': [dpu({ bfb: long(254) }), `[spec.bfb: Too long: may not be more than 253 bytes, ${UNCHECKED}]`],
    'grant 0': [dpu({ grant: 0 }), 'spec.grant: Invalid value: 0: spec.grant in body should be greater than or equal to 1'],
    'a grant in words': [
      dpu({ grant: '3' }),
      `[spec.grant: Invalid value: "string": spec.grant in body must be of type integer: "string", ${UNCHECKED}]`,
    ],
    'a name that is no label': [
      card,
      '<nil>: Invalid value: metadata.name must be at most 63 characters: it becomes a label and the host name of the DPU',
      long(64),
    ],
    'a name that a shell would run': [
      card,
      `metadata.name: Invalid value: "$(id)": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
      '$(id)',
    ],
  },
  changes: {
    'the image and the flavor': { before: card, after: dpu({ bfb: 'other', dpuFlavor: 'other' }) },
    'another Node': {
      before: card,
      after: dpu({ nodeName: 'worker-2' }),
      message: 'spec.nodeName: Invalid value: "worker-2": nodeName is immutable: delete this Dpu and create another',
    },
    'another card': {
      before: card,
      after: dpu({ pciAddress: '0000-4c-00' }),
      message: 'spec.pciAddress: Invalid value: "0000-4c-00": pciAddress is immutable: delete this Dpu and create another',
    },
    'a first grant': { before: card, after: dpu({ grant: 3, bfb: 'other' }) },
    'a greater grant': { before: dpu({ grant: 3 }), after: dpu({ grant: 4 }) },
    'the same grant': { before: dpu({ grant: 3 }), after: dpu({ grant: 3, paused: true }) },
    'a smaller grant': {
      before: dpu({ grant: 3 }),
      after: dpu({ grant: 2 }),
      message: 'spec.grant: Invalid value: 2: grant only grows: dpuset-controller writes it, leave it as it is',
    },
    'no grant any more': {
      before: dpu({ grant: 3 }),
      after: card,
      message: 'spec: Invalid value: grant must not be removed: dpuset-controller writes it, leave it as it is',
    },
  },
};
