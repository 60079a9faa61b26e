/** Bundles every service, and the simulator, into one file: `dist/<service>/main.mjs`, with a source map. `npm run build [service…]`. */
import { copyFileSync, readdirSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** Programs of a service that run as processes of their own, beside its main. */
const ENTRIES = ['main.ts', 'push/main.ts', 'uninstall/main.ts'];
/** Where the sources are, by the name of the image. */
const SOURCES = new Map([
  ...readdirSync(join(ROOT, 'services')).map((name) => [name, join(ROOT, 'services', name, 'src')] as const),
  ['simulator', join(ROOT, 'sim/in-cluster/src')] as const,
]);
/** Files that a bundle reads at run time, beside its main. */
const BESIDE: Record<string, string[]> = { simulator: [join(ROOT, 'sim/dpu-sim/src/tools/client.mjs')] };
/** Bundled CommonJS code asks for these at run time. */
const BANNER = "import { createRequire as dpfCreateRequire } from 'node:module'; const require = dpfCreateRequire(import.meta.url);";

/**
 * Source maps of our own code alone: from the first stack trace on Node keeps the map of a bundle in memory, and with the libraries that was 80 MB. What
 * comes with a map of its own, here one of a single place, is not mapped in detail.
 */
const ONE_PLACE = `\n//# sourceMappingURL=data:application/json;base64,${btoa('{"version":3,"sources":[""],"mappings":"AAAA"}')}`;
const ownMapsOnly: Plugin = {
  name: 'own-maps-only',
  setup({ onLoad }) {
    onLoad({ filter: /\/node_modules\/.*\.[cm]?js$/ }, async ({ path }) => ({ contents: (await readFile(path, 'utf8')) + ONE_PLACE }));
  },
};

const wanted = process.argv.slice(2);
for (const [service, source] of SOURCES) {
  if (wanted.length > 0 && !wanted.includes(service)) continue;
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
    sourcesContent: false,
    plugins: [ownMapsOnly],
    minifySyntax: true,
    // Without comments the text is ASCII, of which V8 keeps half as many bytes. A failure shows its line, which must not be all of the program.
    minifyWhitespace: true,
    lineLimit: 160,
    banner: { js: BANNER },
    logLevel: 'warning',
  });
  for (const file of BESIDE[service] ?? []) copyFileSync(file, join(outdir, basename(file)));
  for (const entry of entryPoints) {
    const file = join(outdir, entry.slice(source.length + 1).replace(/\.ts$/, '.mjs'));
    console.log(`${file.slice(ROOT.length + 1)}  ${(statSync(file).size / 1024).toFixed(0)} KiB`);
  }
}
