import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { AppError } from '../errors/app-error.js';
import { Seal } from '../platform/secrets/seal.js';

/** Encrypts database connections at rest, each for its source. */
@Injectable()
export class ConnectionSeal {
  private readonly sealing: Seal;

  constructor(@Inject(CONFIG) config: Config) {
    this.sealing = new Seal(config, 'boucle stored connection');
  }

  seal(connection: string, sourceId: string): Buffer {
    return this.sealing.seal(connection, sourceId);
  }

  /** @throws AppError INVALID_STATE if it was sealed under another secret, for another source, or changed since. */
  open(sealed: Buffer, sourceId: string): string {
    try {
      return this.sealing.open(sealed, sourceId);
    } catch (error) {
      throw new AppError(
        'INVALID_STATE',
        'The stored connection cannot be decrypted, most likely because BOUCLE_SECRET was changed. Enter it again with updateDataset.',
        undefined,
        { cause: error },
      );
    }
  }
}
