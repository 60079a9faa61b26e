/** The simulator of an installation in a cluster (chart value `simulator`): one program, a part of it per Pod; and of docker-compose.yml (`laptop`). `node main.mjs hosts|tenant|images|laptop|uninstall`. */
const ROLES: Record<string, () => Promise<{ run(): Promise<void> }>> = {
  hosts: () => import('./hosts.ts'),
  tenant: () => import('./tenant.ts'),
  images: () => import('./images.ts'),
  laptop: () => import('./laptop.ts'),
  uninstall: () => import('./uninstall.ts'),
};

const role = process.argv[2] ?? '';
const load = Object.hasOwn(ROLES, role) ? ROLES[role] : undefined;
if (load) await (await load()).run();
else {
  process.stderr.write(`usage: main.mjs ${Object.keys(ROLES).join('|')}\n`);
  process.exitCode = 2;
}
