export { checkGrants, type TenantGrant } from './grants.ts';
export { createTenantClusters, type TenantClustersOptions } from './tenants.ts';
