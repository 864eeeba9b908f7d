/**
 * Builds the GraphiQL page: `node scripts/build-graphiql.mjs [folder]`, by default into the folder that the server
 * serves it from. A bundle depends on nothing but its sources and the lock file, so it is kept in node_modules/.cache
 * under their hash; with nothing changed, this script only copies files.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('..', import.meta.url));
const source = join(project, 'src/platform/graphql/graphiql');
const cache = join(project, 'node_modules/.cache/boucle-graphiql');
const target = process.argv[2] ?? join(project, 'dist/platform/graphql/graphiql');

const WORKERS = {
  editor: 'monaco-editor/esm/vs/editor/editor.worker.js',
  json: 'monaco-editor/esm/vs/language/json/json.worker.js',
  graphql: 'monaco-graphql/esm/graphql.worker.js',
};

/** GraphiQL's styles carry their fonts as data: URLs; as files they load only when needed and pass `font-src 'self'`. */
const fontsAsFiles = {
  name: 'fonts-as-files',
  setup(build) {
    build.onResolve({ filter: /^data:font\// }, ({ path }) => {
      const [, type, content] = /^data:font\/(\w+);base64,(.*)$/.exec(path);
      const name = createHash('sha256').update(content).digest('hex').slice(0, 8);
      return { path: `font-${name}.${type}`, namespace: 'font', pluginData: Buffer.from(content, 'base64') };
    });
    build.onLoad({ filter: /.*/, namespace: 'font' }, ({ pluginData }) => ({ contents: pluginData, loader: 'file' }));
  },
};

const built = join(cache, await stamp());
if (!existsSync(built)) await fillCache();
for (const entry of ['page.html', 'assets']) {
  await rm(join(target, entry), { recursive: true, force: true });
  await cp(join(built, entry), join(target, entry), { recursive: true });
}

async function stamp() {
  const hash = createHash('sha256');
  const names = (await readdir(source)).filter((name) => !name.endsWith('.spec.ts')).sort();
  const inputs = [...names.map((name) => join(source, name)), join(project, 'package-lock.json'), import.meta.filename];
  for (const path of inputs)
    hash
      .update(basename(path))
      .update('\0')
      .update(await readFile(path))
      .update('\0');
  return hash.digest('hex').slice(0, 16);
}

/** Builds beside the final place and renames: a build that is interrupted or runs twice leaves no half-filled folder. */
async function fillCache() {
  await mkdir(cache, { recursive: true });
  const others = await readdir(cache);
  const draft = await mkdtemp(join(cache, 'draft-'));
  try {
    await bundle(draft);
    await rename(draft, built).catch((error) => {
      if (!existsSync(built)) throw error; // otherwise another build was faster
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  const outdated = others.filter((name) => !name.startsWith('draft-') && name !== basename(built));
  await Promise.all(outdated.map((name) => rm(join(cache, name), { recursive: true, force: true })));
}

async function bundle(folder) {
  // Loaded here because an unchanged page needs no bundler.
  const { build } = await import('esbuild');
  const shared = {
    absWorkingDir: project,
    bundle: true,
    minify: true,
    metafile: true,
    target: 'es2022',
    outdir: join(folder, 'assets'),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'warning',
  };
  const workers = await build({
    ...shared,
    // Classic scripts: Monaco starts them without asking for modules.
    format: 'iife',
    entryPoints: Object.entries(WORKERS).map(([label, path]) => ({ in: path, out: `${label}-worker` })),
  });
  const workerFiles = Object.fromEntries(
    Object.entries(WORKERS).map(([label, path]) => [label, outputOf(workers, path)]),
  );
  const script = await build({
    ...shared,
    format: 'esm',
    splitting: true,
    jsx: 'automatic',
    entryPoints: [join(source, 'page.jsx')],
    define: { ...shared.define, MONACO_WORKERS: JSON.stringify(workerFiles) },
    // Monaco's modules import their own styles; graphiql/style.css holds them already.
    loader: { '.css': 'empty' },
    // GraphiQL imports these two under an old name whose CommonJS file loses its named exports in a split bundle.
    alias: {
      'prettier/parser-graphql': 'prettier/plugins/graphql',
      'prettier/parser-babel': 'prettier/plugins/babel',
    },
  });
  const style = await build({
    ...shared,
    assetNames: '[name]', // the fonts' names are hashes already
    entryPoints: [join(source, 'page.css')],
    plugins: [fontsAsFiles],
  });
  const template = await readFile(join(source, 'page.html'), 'utf8');
  const html = template
    .replace('{{script}}', outputOf(script, 'graphiql/page.jsx'))
    .replace('{{style}}', outputOf(style, 'graphiql/page.css'));
  await writeFile(join(folder, 'page.html'), html);
}

function outputOf({ metafile }, entryPoint) {
  const [path] = Object.entries(metafile.outputs).find(([, { entryPoint: from }]) => from?.endsWith(entryPoint)) ?? [];
  if (!path) throw new Error(`The bundler wrote no output for ${entryPoint}. Has its name changed?`);
  return basename(path);
}
