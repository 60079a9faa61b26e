/** Bundles every service into one file: `dist/<service>/main.mjs`, with a source map. `npm run build [service…]`. */
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** Programs of a service that run as processes of their own, beside its main. */
const ENTRIES = ['main.ts', 'push/main.ts'];
/** Bundled CommonJS code asks for these at run time. */
const BANNER = "import { createRequire as dpfCreateRequire } from 'node:module'; const require = dpfCreateRequire(import.meta.url);";

const wanted = process.argv.slice(2);
const services = readdirSync(join(ROOT, 'services')).filter((name) => wanted.length === 0 || wanted.includes(name));
for (const service of services) {
  const source = join(ROOT, 'services', service, 'src');
  const entryPoints = ENTRIES.map((entry) => join(source, entry)).filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
  const outdir = join(ROOT, 'dist', service);
  await build({
    entryPoints,
    outbase: source,
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    sourcemap: true,
    minifySyntax: true,
    banner: { js: BANNER },
    logLevel: 'warning',
  });
  for (const entry of entryPoints) {
    const file = join(outdir, entry.slice(source.length + 1).replace(/\.ts$/, '.mjs'));
    console.log(`${file.slice(ROOT.length + 1)}  ${(statSync(file).size / 1024).toFixed(0)} KiB`);
  }
}
