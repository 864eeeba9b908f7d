import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { Config } from '../../config/config.js';

const CIPHER = 'aes-256-gcm';
/** First byte of what is sealed, so that another scheme can follow this one. */
const SCHEME = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Encrypts secrets at rest: AES-256-GCM under a key derived from BOUCLE_SECRET, another one for every purpose. The id of
 * the row is authenticated too, so what is sealed can't be moved to another row.
 */
export class Seal {
  private readonly key: Buffer;

  /** @param purpose never changed: what was sealed for one can't be opened for another. */
  constructor({ BOUCLE_SECRET }: Pick<Config, 'BOUCLE_SECRET'>, purpose: string) {
    if (BOUCLE_SECRET === undefined) throw new Error('BOUCLE_SECRET is set before modules are built');
    this.key = Buffer.from(hkdfSync('sha256', BOUCLE_SECRET, '', purpose, 32));
  }

  seal(secret: string, rowId: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(rowId));
    const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return Buffer.concat([Buffer.from([SCHEME]), nonce, cipher.getAuthTag(), text]);
  }

  /** @throws Error if it was sealed under another secret, for another row, or changed since. */
  open(sealed: Buffer, rowId: string): string {
    if (sealed[0] !== SCHEME) throw new Error(`unknown scheme ${String(sealed[0])}`);
    const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
    const tag = sealed.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES);
    const text = sealed.subarray(1 + NONCE_BYTES + TAG_BYTES);
    const decipher = createDecipheriv(CIPHER, this.key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(rowId)).setAuthTag(tag);
    return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
  }
}
