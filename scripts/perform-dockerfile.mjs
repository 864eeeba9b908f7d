/**
 * Performs the steps of the Dockerfile in a clean folder, for machines without a container engine:
 *
 *   node scripts/perform-dockerfile.mjs <folder> [--target sagemaker] [--build-arg NAME=value]…
 *
 * Each stage becomes `<folder>/<stage>`, a folder that stands for the root of its image, and `<folder>/image.json` says what
 * would be started there and how large it is. The base image is this machine: its Linux, its npm, and the Node that runs
 * this script, which must be the Dockerfile's. Two options save time, and change nothing but where files come from:
 *
 *   --build-context build=<root>   a stage that is there already, as in `docker build`
 *   --checkout <folder>            `npm ci` links the packages that are installed in this checkout
 */
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { expand, ignoring, readDockerfile, readPairs } from './dockerfile/read.mjs';
import { copyTree, placeNode, Stage } from './dockerfile/stage.mjs';

const context = fileURLToPath(new URL('..', import.meta.url));
const MEGABYTE = 1e6;
/** Of the layers above the base image. */
const LARGEST = 250 * MEGABYTE;
const PARTS_SHOWN = 12;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    target: { type: 'string', default: 'boucle' },
    checkout: { type: 'string' },
    'build-arg': { type: 'string', multiple: true, default: [] },
    'build-context': { type: 'string', multiple: true, default: [] },
  },
});
if (positionals.length !== 1) throw new Error('Name one folder that does not exist yet.');
const out = resolve(positionals[0]);
if (existsSync(out)) throw new Error(`${out} exists. Name a folder that does not.`);

const given = readPairs(options['build-context'].join(' '));
const stages = new Map();
const world = {
  context,
  checkout: options.checkout && resolve(options.checkout),
  arguments: {
    TARGETARCH: process.arch === 'x64' ? 'amd64' : process.arch,
    ...readPairs(options['build-arg'].join(' ')),
  },
  isIgnored: ignoring(readFileSync(join(context, '.dockerignore'), 'utf8')),
  rootOf: (name) => (given[name] ? resolve(given[name]) : performed(name).root),
};
const { global, recipes } = recipesOf(readDockerfile(readFileSync(join(context, 'Dockerfile'), 'utf8')));
mkdirSync(out, { recursive: true });
const target = performed(options.target);
const measured = measure(target.inside(target.image.workdir));
writeFileSync(join(out, 'image.json'), JSON.stringify({ root: target.root, ...target.image, ...measured }, null, 2));
report();

/** The instructions of each stage, and those before the first. */
function recipesOf(instructions) {
  const recipes = new Map();
  const global = [];
  let current = global;
  for (const instruction of instructions) {
    if (instruction.name !== 'FROM') current.push(instruction);
    else {
      const [base, , name] = instruction.rest.split(/\s+/);
      current = [];
      recipes.set(name, { base, steps: current });
    }
  }
  return { global, recipes };
}

/** Performs a stage, and before it those that it is made from. */
function performed(name) {
  if (!stages.has(name)) stages.set(name, perform(name));
  return stages.get(name);
}

function perform(name) {
  const recipe = recipes.get(name);
  if (recipe === undefined)
    throw new Error(`The Dockerfile has no stage ${name}, but ${[...recipes.keys()].join(', ')}.`);
  const root = join(out, name);
  const stage = recipes.has(recipe.base) ? derived(performed(recipe.base), root) : onBaseImage(recipe.base, root);
  for (const step of recipe.steps) {
    process.stdout.write(`${name}: ${step.name} ${step.rest}\n`);
    stage.perform(step);
  }
  return stage;
}

function derived(parent, root) {
  copyTree(parent.root, root);
  return new Stage({ root, image: structuredClone(parent.image), values: {}, world });
}

function onBaseImage(base, root) {
  const preamble = new Stage({ root, image: {}, values: {}, world });
  for (const step of global) preamble.perform(step);
  const image = expand(base, preamble.values);
  const version = /(?:^|\/)node:([\d.]+)-bookworm-slim/.exec(image)?.[1];
  if (`v${version}` !== process.version)
    throw new Error(`${image} stands for Node ${version}; this is ${process.version}.`);
  placeNode(root);
  return new Stage({ root, image: { env: {}, labels: {}, workdir: '/', user: 'root' }, values: {}, world });
}

/** Bytes and a hash of all files below a folder, with the largest parts: packages and folders. */
function measure(folder) {
  const hash = createHash('sha256');
  const parts = new Map();
  let bytes = 0;
  for (const path of filesBelow(folder)) {
    const file = join(folder, path);
    const { size, mode } = lstatSync(file);
    const content = lstatSync(file).isSymbolicLink() ? readlinkSync(file) : readFileSync(file);
    hash.update(`${path}\0${mode & 0o777}\0`).update(createHash('sha256').update(content).digest());
    const part = /^(node_modules\/(?:@[^/]+\/)?[^/]+|[^/]+)/.exec(path)[1];
    parts.set(part, (parts.get(part) ?? 0) + size);
    bytes += size;
  }
  const largest = [...parts].sort(([, one], [, other]) => other - one).slice(0, PARTS_SHOWN);
  return { bytes, sha256: hash.digest('hex'), largest: Object.fromEntries(largest) };
}

function filesBelow(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  return files.map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1)).sort();
}

function report() {
  const { bytes, sha256, largest } = measured;
  const lines = Object.entries(largest).map(
    ([part, size]) => `  ${(size / MEGABYTE).toFixed(1).padStart(6)} MB  ${part}`,
  );
  process.stdout.write(
    `\n${(bytes / MEGABYTE).toFixed(1)} MB above the base image, sha256 ${sha256}; the largest parts:\n${lines.join('\n')}\n`,
  );
  if (bytes <= LARGEST) return;
  process.stderr.write(`That is more than ${LARGEST / MEGABYTE} MB.\n`);
  process.exitCode = 1;
}
