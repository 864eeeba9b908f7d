import { Readable } from 'node:stream';
import { Controller, Get, Param, Query, Res, StreamableFile } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { RequireRole } from '../../auth/access.js';
import { Public } from '../../platform/http/public.js';
import { PAGE_STYLE_HASH, reportPageChunks } from './page/page.js';
import { ReportLinks } from './report-links.js';
import { Reports } from './reports.service.js';

/** The page may style itself, and nothing else: no script, no picture from elsewhere, no frame around it. */
const PAGE_POLICY = `default-src 'none'; style-src ${PAGE_STYLE_HASH}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** Pages of reports: one HTML file each, which asks for no other. */
@Controller('reports/:id')
export class ReportsController {
  constructor(
    private readonly reports: Reports,
    private readonly links: ReportLinks,
  ) {}

  @Get()
  @RequireRole('VIEWER')
  async page(@Param('id') id: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<StreamableFile> {
    const document = await this.reports.document(id);
    void reply.header('content-security-policy', PAGE_POLICY);
    return new StreamableFile(Readable.from(reportPageChunks(document)), { type: 'text/html; charset=utf-8' });
  }

  /** For browsers that follow a link, see {@link ReportLinks}: the ticket is the right to see this report. */
  @Get('page')
  @Public()
  async linked(
    @Param('id') id: string,
    @Query('ticket') ticket: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    this.links.check(id, typeof ticket === 'string' ? ticket : '');
    return this.page(id, reply);
  }
}
