import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { AppError } from '../errors/app-error.js';

const CIPHER = 'aes-256-gcm';
/** First byte of what is sealed, so that another scheme can follow this one. */
const SCHEME = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts database connections at rest: AES-256-GCM under a key derived from BOUCLE_SECRET. The id of the source is
 * authenticated too, so a sealed connection can't be moved to another row.
 */
@Injectable()
export class ConnectionSeal {
  private readonly key: Buffer;

  constructor(@Inject(CONFIG) config: Config) {
    if (config.BOUCLE_SECRET === undefined) throw new Error('BOUCLE_SECRET is set before modules are built');
    this.key = Buffer.from(hkdfSync('sha256', config.BOUCLE_SECRET, '', 'boucle stored connection', 32));
  }

  seal(connection: string, sourceId: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(sourceId));
    const text = Buffer.concat([cipher.update(connection, 'utf8'), cipher.final()]);
    return Buffer.concat([Buffer.from([SCHEME]), nonce, cipher.getAuthTag(), text]);
  }

  /** @throws AppError INVALID_STATE if it was sealed under another secret, for another source, or changed since. */
  open(sealed: Buffer, sourceId: string): string {
    const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
    const tag = sealed.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES);
    const text = sealed.subarray(1 + NONCE_BYTES + TAG_BYTES);
    try {
      if (sealed[0] !== SCHEME) throw new Error(`unknown scheme ${String(sealed[0])}`);
      const decipher = createDecipheriv(CIPHER, this.key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(sourceId)).setAuthTag(tag);
      return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
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
