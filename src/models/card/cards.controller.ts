import { Readable } from 'node:stream';
import { Controller, Get, Param, Query, Res, StreamableFile } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { RequireRole } from '../../auth/access.js';
import { AppError } from '../../errors/app-error.js';
import { PageLinks } from '../../platform/http/page-links.js';
import { Public } from '../../platform/http/public.js';
import { pagePolicy } from '../../platform/page/policy.js';
import { cardPath } from './card-path.js';
import { Cards } from './cards.service.js';
import { cardPageChunks } from './page.js';
import { CARD_STYLE_HASH } from './style.js';

const PAGE_POLICY = pagePolicy(CARD_STYLE_HASH);
const VERSION = /^[1-9]\d{0,8}$/;

/** Model cards: one HTML file each, which asks for no other. */
@Controller('models/:model/versions/:version/card')
export class CardsController {
  constructor(
    private readonly cards: Cards,
    private readonly links: PageLinks,
  ) {}

  @Get()
  @RequireRole('VIEWER')
  async card(
    @Param('model') model: string,
    @Param('version') version: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    if (!VERSION.test(version)) throw new AppError('BAD_INPUT', 'The version in the path must be a number such as 3.');
    const document = await this.cards.document(model, Number(version));
    void reply.header('content-security-policy', PAGE_POLICY);
    return new StreamableFile(Readable.from(cardPageChunks(document)), { type: 'text/html; charset=utf-8' });
  }

  /** For browsers that follow a link, see {@link PageLinks}: the ticket is the right to see this card. */
  @Get('page')
  @Public()
  async linked(
    @Param('model') model: string,
    @Param('version') version: string,
    @Query('ticket') ticket: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    this.links.check(cardPath(model, version), ticket);
    return this.card(model, version, reply);
  }
}
