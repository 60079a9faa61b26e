export { controlPlaneAssets, knownAssets, type Assets, type Need } from './assets.ts';
export { startControlPlane, type ControlPlane, type ControlPlaneOptions } from './control-plane.ts';
export { AUDIT_POLICY } from './audit-policy.ts';
export { JOINING_GROUP } from './joining.ts';
