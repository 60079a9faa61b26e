export { startKubeSim, type KubeSim, type KubeSimOptions } from './server.ts';
export { createPki, type KeyAndCert, type Pki } from '@dpf/pki';
export type { AuditEvent, RequestCount, RequestCounters, RequestFilter } from './audit.ts';
