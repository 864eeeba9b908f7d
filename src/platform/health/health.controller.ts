import { Controller, Get, Logger, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HTTP_STATUS } from '../../errors/error-table.js';
import { Public } from '../http/public.js';
import { Readiness } from './readiness.js';

@Controller('health')
@Public()
export class HealthController {
  private readonly logger = new Logger('Health');
  private lastProblem: string | undefined;

  constructor(private readonly readiness: Readiness) {}

  /** The process runs and answers. Never looks at the database: restarting us would not mend it. */
  @Get('live')
  live(): { live: true } {
    return { live: true };
  }

  /** The process can do its work right now. Probes come every few seconds, so the log gets the changes only. */
  @Get('ready')
  async ready(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const problem = await this.readiness.problem();
    this.logChange(problem);
    if (problem === undefined) return { ready: true };
    void reply.status(HTTP_STATUS.UNAVAILABLE);
    return { error: { code: 'UNAVAILABLE', message: problem, requestId: request.id } };
  }

  private logChange(problem: string | undefined): void {
    if (problem === this.lastProblem) return;
    this.lastProblem = problem;
    if (problem === undefined) this.logger.log('ready again');
    else this.logger.warn(`not ready: ${problem}`);
  }
}
