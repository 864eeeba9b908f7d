import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { ObjectStore } from '../../platform/storage/object-store.js';
import { ArchiveError, readArchive } from './archive.js';
import { MANIFEST_FILE, ONNX_FILE } from './manifest.js';
import { fileOf, named, type VerifiedModel, verifiedModel } from './verified-model.js';

export interface LoadedArtifact extends VerifiedModel {
  /** Of the archive. */
  readonly sha256: string;
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
      return fileOf(archive.files, name).bytes;
    });
  }

  /**
   * Reads an artifact from anywhere.
   * @param name how to call it in an error.
   * @throws AppError INVALID_STATE for a corrupted artifact.
   */
  async verify(source: Readable, name: string): Promise<LoadedArtifact> {
    return named(name, async () => {
      const { sha256, files } = await readArchive(source, [ONNX_FILE, MANIFEST_FILE]);
      return { sha256, ...verifiedModel(files) };
    });
  }
}
