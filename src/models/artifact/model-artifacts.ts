import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';
import { ObjectStore } from '../../platform/storage/object-store.js';
import { Archive, ArchivedFile, ArchiveError, readArchive } from './archive.js';
import { Manifest, MANIFEST_FILE, manifestSchema, ONNX_FILE } from './manifest.js';

export interface LoadedArtifact {
  /** Of the archive. */
  readonly sha256: string;
  readonly onnx: Uint8Array;
  readonly manifest: Manifest;
}

/** Reads `model.tar.gz` objects and believes nothing in them that a hash or the schema does not confirm. */
@Injectable()
export class ModelArtifacts {
  constructor(private readonly store: ObjectStore) {}

  /**
   * The model file of a registered artifact. That hash vouches for all of the archive, so its manifest, which may be
   * large and was verified when the version was registered, is not parsed again.
   * @throws AppError INVALID_STATE for a corrupted artifact, NOT_FOUND for a missing one, UPSTREAM_FAILED if the store
   *   cannot be read.
   */
  async load(artifactKey: string, sha256: string, signal?: AbortSignal): Promise<Pick<LoadedArtifact, 'onnx'>> {
    return { onnx: await this.file(artifactKey, sha256, ONNX_FILE, signal) };
  }

  /** One file of a registered artifact. @throws AppError as {@link load}. */
  async file(artifactKey: string, sha256: string, name: string, signal?: AbortSignal): Promise<Uint8Array> {
    const source = await this.store.read(artifactKey, signal);
    return named(artifactKey, async () => {
      const archive = await readArchive(source, [name]);
      if (archive.sha256 !== sha256) throw new ArchiveError('its content does not match its hash');
      return fileOf(archive, name).bytes;
    });
  }

  /**
   * Reads an artifact from anywhere.
   * @param name how to call it in an error.
   * @throws AppError INVALID_STATE for a corrupted artifact.
   */
  async verify(source: Readable, name: string): Promise<LoadedArtifact> {
    return named(name, async () => verified(await readArchive(source, [ONNX_FILE, MANIFEST_FILE])));
  }
}

/** Gives errors of an archive the artifact's name. */
async function named<Result>(name: string, read: () => Promise<Result>): Promise<Result> {
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

function verified(archive: Archive): LoadedArtifact {
  const manifest = parseManifest(fileOf(archive, MANIFEST_FILE).bytes);
  const onnx = fileOf(archive, ONNX_FILE);
  if (manifest.files[ONNX_FILE]?.sha256 !== onnx.sha256) {
    throw new ArchiveError(`${ONNX_FILE} does not match the hash in the manifest`);
  }
  return { sha256: archive.sha256, onnx: onnx.bytes, manifest };
}

function fileOf(archive: Archive, name: string): ArchivedFile {
  const file = archive.files.get(name);
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
