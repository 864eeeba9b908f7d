import { Readable } from 'node:stream';
import { Controller, Get, Param, Query, Res, StreamableFile } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { RequireRole } from '../../auth/access.js';
import { PageLinks } from '../../platform/http/page-links.js';
import { Public } from '../../platform/http/public.js';
import { pagePolicy } from '../../platform/page/policy.js';
import { PAGE_STYLE_HASH, reportPageChunks } from './page/page.js';
import { reportPath } from './report-path.js';
import { Reports } from './reports.service.js';

const PAGE_POLICY = pagePolicy(PAGE_STYLE_HASH);

/** Pages of reports: one HTML file each, which asks for no other. */
@Controller('reports/:id')
export class ReportsController {
  constructor(
    private readonly reports: Reports,
    private readonly links: PageLinks,
  ) {}

  @Get()
  @RequireRole('VIEWER')
  async page(@Param('id') id: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<StreamableFile> {
    const document = await this.reports.document(id);
    void reply.header('content-security-policy', PAGE_POLICY);
    return new StreamableFile(Readable.from(reportPageChunks(document)), { type: 'text/html; charset=utf-8' });
  }

  /** For browsers that follow a link, see {@link PageLinks}: the ticket is the right to see this report. */
  @Get('page')
  @Public()
  async linked(
    @Param('id') id: string,
    @Query('ticket') ticket: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    this.links.check(reportPath(id), ticket);
    return this.page(id, reply);
  }
}
