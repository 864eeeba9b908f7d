import type { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { AppError } from '../../errors/app-error.js';
import { receiveFile } from '../../platform/http/received-file.js';
import { ObjectStore } from '../../platform/storage/object-store.js';
import { Registrations } from './registrations.js';

const UPLOADS = 'model-uploads/';
/** How long a file waits to be registered, again as well. */
const KEPT_MS = 86_400_000;

/** A file that waits to be registered. */
export interface ModelUpload {
  readonly sha256: string;
  readonly bytes: number;
}

/** Files that people brought along, named by model and content. They go after a day: a version has a copy of its own. */
@Injectable()
export class ModelUploads {
  constructor(
    private readonly objects: ObjectStore,
    private readonly registrations: Registrations,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @throws AppError LIMIT_EXCEEDED for a file too large, BAD_INPUT for an empty one. */
  async store(modelId: string, body: Readable): Promise<ModelUpload> {
    const limit = { maxBytes: this.config.ONNX_MAX_BYTES, tooLarge };
    return receiveFile(body, limit, async ({ path, sha256, bytes }) => {
      await this.objects.putFile(keyOf(modelId, sha256), path);
      return { sha256, bytes };
    });
  }

  async has(modelId: string, sha256: string): Promise<boolean> {
    return (await this.objects.stat(keyOf(modelId, sha256))) !== undefined;
  }

  /** @throws AppError NOT_FOUND if its time is over. */
  async download(modelId: string, sha256: string, path: string, signal: AbortSignal): Promise<void> {
    await this.objects.download(keyOf(modelId, sha256), path, signal);
  }

  /** Removes the files whose time is over and that nobody works with. */
  async collect(): Promise<void> {
    for await (const { key, modifiedAt } of this.objects.list(UPLOADS)) {
      const isYoung = Date.now() - modifiedAt.getTime() < KEPT_MS;
      const [modelId, name] = key.slice(UPLOADS.length).split('/');
      if (isYoung || (await this.registrations.needs(modelId!, name!.slice(0, -SUFFIX.length)))) continue;
      await this.objects.delete(key);
    }
  }
}

const SUFFIX = '.onnx';

function keyOf(modelId: string, sha256: string): string {
  return `${UPLOADS}${modelId}/${sha256}${SUFFIX}`;
}

function tooLarge(maxBytes: number): AppError {
  return new AppError(
    'LIMIT_EXCEEDED',
    `The file has more than ${maxBytes} bytes. Export a smaller model, with fewer or shallower trees, or ask an administrator to raise ONNX_MAX_BYTES.`,
    { maxBytes },
  );
}
