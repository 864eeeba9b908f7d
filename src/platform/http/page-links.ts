import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { AppError } from '../../errors/app-error.js';

const LIFETIME_SECONDS = 3600;
const TICKET = /^(\d{1,12})\.([\w-]{43})$/;

/**
 * Links that open one page for an hour: a browser that follows a link sends no token. A ticket is the time at which it
 * ends, and a signature over that and the path of the page under a key derived from BOUCLE_SECRET.
 */
@Injectable()
export class PageLinks {
  private readonly key: Buffer;

  constructor(@Inject(CONFIG) config: Config) {
    if (config.BOUCLE_SECRET === undefined) throw new Error('BOUCLE_SECRET is set before modules are built');
    this.key = Buffer.from(hkdfSync('sha256', config.BOUCLE_SECRET, '', 'boucle page link', 32));
  }

  /** The path of a page with a ticket. */
  ticketed(path: string, now = Date.now()): string {
    const ends = String(Math.floor(now / 1000) + LIFETIME_SECONDS);
    return `${path}?ticket=${ends}.${this.signature(path, ends).toString('base64url')}`;
  }

  /** @throws AppError FORBIDDEN for a ticket that has ended, or was made for another page or by somebody else. */
  check(path: string, ticket: unknown, now = Date.now()): void {
    const [, ends = '', signature = ''] = TICKET.exec(typeof ticket === 'string' ? ticket : '') ?? [];
    const isOurs = timingSafeEqual(this.signature(path, ends), signatureBytes(signature));
    if (isOurs && Number(ends) * 1000 > now) return;
    throw new AppError(
      'FORBIDDEN',
      isOurs
        ? 'This link has ended: links to pages open for an hour. Ask the API for the link again.'
        : 'This is no link to the page. Take the link as the API gives it.',
    );
  }

  private signature(path: string, ends: string): Buffer {
    return createHmac('sha256', this.key).update(`${path} ${ends}`).digest();
  }
}

/** As many bytes as a signature has, whatever was sent. */
function signatureBytes(text: string): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.write(text, 'base64url');
  return bytes;
}
