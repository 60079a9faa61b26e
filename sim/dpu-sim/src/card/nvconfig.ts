/** NVCONFIG of a card: default, current and next value of each parameter, per physical function where the parameter is. */

export interface NvParameter {
  default: number;
  /** One value per physical function; equal ones for parameters of the device. */
  current: [number, number];
  next: [number, number];
}
export type NvState = Record<string, NvParameter>;

interface Definition {
  default: number;
  /** Own value for each physical function. */
  perPf?: boolean;
  /** Names of values; absent: a number. */
  names?: readonly string[];
  most?: number;
}
const BOOL = ['False', 'True'] as const;
const bool = (value: 0 | 1): Definition => ({ default: value, names: BOOL });

export const NV_PARAMETERS: Record<string, Definition> = {
  PF_BAR2_ENABLE: bool(0),
  PER_PF_NUM_SF: bool(0),
  PF_TOTAL_SF: { default: 0, perPf: true, most: 0xffff },
  PF_SF_BAR_SIZE: { default: 0, perPf: true, most: 0xff },
  NUM_PF_MSIX_VALID: bool(1),
  PF_NUM_PF_MSIX_VALID: bool(0),
  PF_NUM_PF_MSIX: { default: 63, perPf: true, most: 0xfff },
  NUM_PF_MSIX: { default: 63, most: 0xfff },
  NUM_VF_MSIX: { default: 11, most: 0xfff },
  INTERNAL_CPU_MODEL: { default: 1, names: ['SEPARATED_HOST', 'EMBEDDED_CPU'] },
  INTERNAL_CPU_OFFLOAD_ENGINE: { default: 0, names: ['ENABLED', 'DISABLED'] },
  INTERNAL_CPU_PAGE_SUPPLIER: { default: 0, names: ['ECPF', 'EXT_HOST_PF'] },
  INTERNAL_CPU_ESWITCH_MANAGER: { default: 0, names: ['ECPF', 'EXT_HOST_PF'] },
  INTERNAL_CPU_IB_VPORT0: { default: 0, names: ['ECPF', 'EXT_HOST_PF'] },
  INTERNAL_CPU_RSHIM: { default: 0, names: ['ENABLED', 'DISABLED'] },
  SRIOV_EN: bool(1),
  NUM_OF_VFS: { default: 16, most: 126 },
  LAG_RESOURCE_ALLOCATION: { default: 0, names: ['DEVICE_DEFAULT', 'PRE_ALLOCATION', 'PRE_ALLOCATION_QA'] },
  HIDE_PORT2_PF: bool(0),
  EXP_ROM_UEFI_ARM_ENABLE: bool(1),
  LINK_TYPE_P1: { default: 2, names: ['', 'IB', 'ETH'] },
  LINK_TYPE_P2: { default: 2, names: ['', 'IB', 'ETH'] },
};

export class NvConfig {
  readonly state: NvState;
  constructor(saved: NvState = {}) {
    const fresh = Object.entries(NV_PARAMETERS).map(([name, { default: d }]) => [name, { default: d, current: [d, d], next: [d, d] }]);
    this.state = { ...(Object.fromEntries(fresh) as NvState), ...saved };
  }

  /** The value that is in force. */
  current(name: string, pf = 0): number {
    return this.state[name]?.current[pf] ?? 0;
  }

  /** Sets the next value; an error sentence when the tool refuses it. `value`: a number, or the name of a value. */
  set(pf: number, name: string, value: string): string | undefined {
    const definition = NV_PARAMETERS[name];
    const parameter = this.state[name];
    if (!definition || !parameter) return `The Device doesn't support ${name} parameter`;
    const named = definition.names?.findIndex((text) => text.toLowerCase() === value.toLowerCase()) ?? -1;
    const number = named >= 0 ? named : /^(0x[0-9a-f]+|\d+)$/i.test(value) ? Number(value) : NaN;
    const most = definition.names ? definition.names.length - 1 : (definition.most ?? 0xffffffff);
    if (!(number >= 0 && number <= most)) return `Failed to parse value ${value} of ${name}`;
    for (const index of definition.perPf ? [pf] : [0, 1]) parameter.next[index] = number;
    return undefined;
  }

  /** As `mlxconfig reset`: next values are the defaults. */
  resetNext(): void {
    for (const parameter of Object.values(this.state)) parameter.next = [parameter.default, parameter.default];
  }

  /** What a firmware reset that reloads NVCONFIG does. */
  reload(): void {
    for (const parameter of Object.values(this.state)) parameter.current = [...parameter.next];
  }

  /** As the tool prints a value: `16`, `True(1)`. */
  static format(name: string, value: number): string {
    const names = NV_PARAMETERS[name]?.names;
    return names ? `${names[value] ?? ''}(${value})` : String(value);
  }
}
