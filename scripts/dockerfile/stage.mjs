import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expand, readPairs } from './read.mjs';
import { productionPackages } from './installed-packages.mjs';

/** A stage of a Dockerfile: a folder that stands for its root, and what the instructions say of its process. */
export class Stage {
  /** @param {{ root: string, image: object, values: Record<string, string>, world: object }} start */
  constructor({ root, image, values, world }) {
    this.root = root;
    this.image = image;
    this.values = values;
    this.world = world;
  }

  perform({ name, flags, rest }) {
    const step = this[name];
    if (step === undefined) throw new Error(`${name} is not among the instructions that can be performed here.`);
    step.call(this, rest, flags);
  }

  ARG(rest) {
    const [name, fallback] = rest.split(/=(.*)/s);
    const given = this.world.arguments[name] ?? this.values[name];
    this.values[name] = given ?? expand(fallback ?? '', this.values);
  }

  ENV(rest) {
    Object.assign(this.image.env, readPairs(expand(rest, this.values)));
  }

  LABEL(rest) {
    Object.assign(this.image.labels, readPairs(expand(rest, this.values)));
  }

  WORKDIR(rest) {
    this.image.workdir = rest;
    mkdirSync(this.inside(rest), { recursive: true });
  }

  USER(rest) {
    this.image.user = rest;
  }

  EXPOSE(rest) {
    this.image.port = Number(rest);
  }

  ENTRYPOINT(rest) {
    this.image.entrypoint = JSON.parse(rest);
  }

  CMD(rest) {
    this.image.command = JSON.parse(rest);
  }

  HEALTHCHECK(rest) {
    this.image.healthcheck = JSON.parse(rest.replace(/^CMD\s+/, ''));
  }

  RUN(command) {
    const absolute = / (\/\S+)/.exec(command)?.[1];
    if (absolute !== undefined)
      throw new Error(`RUN must keep to relative paths to be performed here, unlike ${absolute}.`);
    const cwd = this.inside(this.image.workdir);
    if (command.startsWith('npm ci') && this.world.checkout !== undefined) return this.linkInstalled(cwd);
    const path = `${this.inside('/usr/local/bin')}:${process.env.PATH}`;
    const env = { ...process.env, ...this.image.env, ...this.values, PATH: path };
    execFileSync('/bin/sh', ['-ec', command], { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] });
  }

  /** What `npm ci` would unpack again is in the checkout already. */
  linkInstalled(cwd) {
    const { checkout } = this.world;
    for (const path of productionPackages(cwd, checkout)) copyTree(join(checkout, path), join(cwd, path), isNested);
  }

  COPY(rest, { from, chown }) {
    const words = rest.split(/\s+/);
    const target = words.at(-1);
    const sources = words.slice(0, -1);
    for (const source of sources) {
      const path = from === undefined ? join(this.world.context, source) : join(this.world.rootOf(from), source);
      const isFolder = statSync(path).isDirectory();
      const intoFolder = !isFolder && (target.endsWith('/') || sources.length > 1);
      const place = join(this.inside(join(this.image.workdir, target)), intoFolder ? source.split('/').at(-1) : '');
      if (from === undefined) this.copyFromContext(path, place);
      else copyTree(path, place);
      // Only root may give files away; without it, the process of the image runs as whoever performed the steps.
      if (chown !== undefined && process.getuid() === 0) execFileSync('chown', ['-R', chown, place]);
    }
  }

  copyFromContext(path, place) {
    const { context, isIgnored } = this.world;
    const isWanted = (file) => statSync(file).isDirectory() || !isIgnored(relative(context, file));
    if (!isWanted(path)) throw new Error(`.dockerignore keeps ${relative(context, path)} away.`);
    mkdirSync(dirname(place), { recursive: true });
    cpSync(path, place, { recursive: true, filter: isWanted });
  }

  inside(path) {
    return join(this.root, path);
  }
}

/** The official image of Node has it here; the one that performs the steps takes its place. */
export function placeNode(root) {
  const place = join(root, 'usr/local/bin/node');
  mkdirSync(dirname(place), { recursive: true });
  copyFileSync(process.execPath, place);
}

const isNested = (name) => name === 'node_modules';

/** Copies by hard links where one file system holds both; entries of the top folder may be left out by name. */
export function copyTree(source, target, isLeftOut = () => false) {
  const isFolder = statSync(source).isDirectory();
  const folder = isFolder ? target : dirname(target);
  mkdirSync(folder, { recursive: true });
  const names = isFolder ? readdirSync(source).filter((name) => !isLeftOut(name)) : [];
  const paths = isFolder ? names.map((name) => join(source, name)) : [source];
  if (paths.length === 0) return;
  const link = statSync(source).dev === statSync(folder).dev ? ['--link'] : [];
  execFileSync('cp', ['-a', ...link, '--', ...paths, target]);
}
