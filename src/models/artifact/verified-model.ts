import { AppError } from '../../errors/app-error.js';
import { type ArchivedFile, ArchiveError } from './archive.js';
import { type Manifest, MANIFEST_FILE, manifestSchema, ONNX_FILE } from './manifest.js';

export interface VerifiedModel {
  readonly onnx: Uint8Array;
  readonly manifest: Manifest;
}

/** Gives errors of an archive the artifact's name. */
export async function named<Result>(name: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    throw new AppError(
      'INVALID_STATE',
      `The artifact ${name} cannot be used: ${error.message}. Restore it from a backup, or train a new version.`,
      undefined,
      { cause: error },
    );
  }
}

/** @throws ArchiveError unless the manifest is one, and vouches for the model file. */
export function verifiedModel(files: ReadonlyMap<string, ArchivedFile>): VerifiedModel {
  const manifest = parseManifest(fileOf(files, MANIFEST_FILE).bytes);
  const onnx = fileOf(files, ONNX_FILE);
  if (manifest.files[ONNX_FILE]?.sha256 !== onnx.sha256) {
    throw new ArchiveError(`${ONNX_FILE} does not match the hash in the manifest`);
  }
  return { onnx: onnx.bytes, manifest };
}

/** @throws ArchiveError */
export function fileOf(files: ReadonlyMap<string, ArchivedFile>, name: string): ArchivedFile {
  const file = files.get(name);
  if (!file) throw new ArchiveError(`${name} is missing`);
  return file;
}

function parseManifest(bytes: Uint8Array): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw new ArchiveError('its manifest is no JSON', { cause });
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new ArchiveError(`its manifest is wrong (${fields.slice(0, 3).join('; ')})`);
}
