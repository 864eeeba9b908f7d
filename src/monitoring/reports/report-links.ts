import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { AppError } from '../../errors/app-error.js';

const LIFETIME_SECONDS = 3600;
const TICKET = /^(\d{1,12})\.([\w-]{43})$/;

/**
 * Links that open the page of one report for an hour: a browser that follows a link sends no token. A ticket is the time
 * at which it ends, and a signature over that and the report under a key derived from BOUCLE_SECRET.
 */
@Injectable()
export class ReportLinks {
  private readonly key: Buffer;

  constructor(@Inject(CONFIG) config: Config) {
    if (config.BOUCLE_SECRET === undefined) throw new Error('BOUCLE_SECRET is set before modules are built');
    this.key = Buffer.from(hkdfSync('sha256', config.BOUCLE_SECRET, '', 'boucle report link', 32));
  }

  /** The path of the page with a ticket. */
  pathOf(reportId: string, now = Date.now()): string {
    const ends = String(Math.floor(now / 1000) + LIFETIME_SECONDS);
    return `/reports/${reportId}/page?ticket=${ends}.${this.signature(reportId, ends).toString('base64url')}`;
  }

  /** @throws AppError FORBIDDEN for a ticket that has ended, or was made for another report or by somebody else. */
  check(reportId: string, ticket: string, now = Date.now()): void {
    const [, ends = '', signature = ''] = TICKET.exec(ticket) ?? [];
    const isOurs = timingSafeEqual(this.signature(reportId, ends), signatureBytes(signature));
    if (isOurs && Number(ends) * 1000 > now) return;
    throw new AppError(
      'FORBIDDEN',
      isOurs
        ? 'This link has ended: links to reports open for an hour. Ask for pageUrl of the report again.'
        : 'This is no link to the report. Take pageUrl of the report as it comes.',
    );
  }

  private signature(reportId: string, ends: string): Buffer {
    return createHmac('sha256', this.key).update(`${reportId} ${ends}`).digest();
  }
}

/** As many bytes as a signature has, whatever was sent. */
function signatureBytes(text: string): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.write(text, 'base64url');
  return bytes;
}
