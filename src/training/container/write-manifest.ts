import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Manifest, MANIFEST_FILE, ONNX_FILE, REFERENCE_FILE } from '../../models/artifact/manifest.js';

/** Completes a model folder: the manifest names the hashes of the other files, and has its name only when it is whole. */
export async function writeManifest(folder: string, manifest: Omit<Manifest, 'files'>): Promise<void> {
  const files: Manifest['files'] = {};
  for (const name of [ONNX_FILE, REFERENCE_FILE]) files[name] = await describeFile(join(folder, name));
  const path = join(folder, MANIFEST_FILE);
  await writeFile(`${path}.part`, JSON.stringify({ ...manifest, files }));
  await rename(`${path}.part`, path);
}

async function describeFile(path: string): Promise<{ sha256: string; bytes: number }> {
  const content = await readFile(path);
  return { sha256: createHash('sha256').update(content).digest('hex'), bytes: content.length };
}
