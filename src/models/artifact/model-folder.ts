import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ArchivedFile, ArchiveError } from './archive.js';
import { MANIFEST_FILE, ONNX_FILE } from './manifest.js';
import { named, type VerifiedModel, verifiedModel } from './verified-model.js';

/**
 * Reads an artifact that was unpacked already, as SageMaker does with `model.tar.gz`.
 * @throws AppError INVALID_STATE for a folder without a whole model.
 */
export async function readModelFolder(folder: string): Promise<VerifiedModel> {
  return named(folder, async () => {
    const files = [MANIFEST_FILE, ONNX_FILE].map(async (name) => [name, await readModelFile(folder, name)] as const);
    return verifiedModel(new Map(await Promise.all(files)));
  });
}

async function readModelFile(folder: string, name: string): Promise<ArchivedFile> {
  try {
    const bytes = await readFile(join(folder, name));
    return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
  } catch (cause) {
    throw new ArchiveError(`${name} cannot be read`, { cause });
  }
}
