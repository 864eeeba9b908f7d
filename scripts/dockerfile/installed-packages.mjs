import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Paths, such as `node_modules/pg`, of the packages that `npm ci --omit=dev` would install for the package.json and the
 * lock file in `folder`, as far as they are installed in the `checkout` already: one that is not was for another platform.
 * @returns {string[]}
 */
export function productionPackages(folder, checkout) {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const { packages } = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
  const found = new Set();
  const open = [['', { dependencies: manifest.dependencies }]];
  for (const [from, needs] of open) {
    for (const name of needed(needs)) {
      const path = nearest(packages, from, name);
      if (path === undefined || found.has(path)) continue;
      found.add(path);
      open.push([path, packages[path]]);
    }
  }
  return [...found].filter((path) => isInstalled(path, packages[path], checkout)).sort();
}

function needed({ dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta }) {
  const peers = Object.keys(peerDependencies ?? {}).filter((name) => !peerDependenciesMeta?.[name]?.optional);
  return [...Object.keys(dependencies ?? {}), ...Object.keys(optionalDependencies ?? {}), ...peers];
}

/** Where Node finds `name` from a package: beside it, or in the node_modules of a folder above. */
function nearest(packages, from, name) {
  for (let place = from; ; place = parentOf(place)) {
    const path = place === '' ? `node_modules/${name}` : `${place}/node_modules/${name}`;
    if (packages[path] !== undefined) return path;
    if (place === '') return undefined;
  }
}

function parentOf(place) {
  return place.includes('/node_modules/') ? place.slice(0, place.lastIndexOf('/node_modules/')) : '';
}

function isInstalled(path, { optional, devOptional }, checkout) {
  if (existsSync(join(checkout, path))) return true;
  if (optional || devOptional) return false;
  throw new Error(`${join(checkout, path)} is missing. Run npm ci in ${dirname(join(checkout, 'package.json'))}.`);
}
