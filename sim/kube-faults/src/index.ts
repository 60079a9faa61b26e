export { isTrue, parsePath, verbOf, type ResourcePath } from './asked.ts';
export { serveControl, type Control } from './control.ts';
export { KINDS, parseFault, type FaultSpec, type Kind, type Match } from './fault.ts';
export { FaultLayer, type Fault, type Owner } from './layer.ts';
export { startFaultProxy, type FaultProxy, type FaultProxyOptions } from './proxy.ts';
