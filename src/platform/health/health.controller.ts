import { Controller, Get } from '@nestjs/common';
import { AppError } from '../../errors/app-error.js';
import { Public } from '../http/public.js';
import { Readiness } from './readiness.js';

@Controller('health')
@Public()
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  /** The process runs and answers. Never looks at the database: restarting us would not mend it. */
  @Get('live')
  live(): { live: true } {
    return { live: true };
  }

  /** The process can do its work right now. */
  @Get('ready')
  async ready(): Promise<{ ready: true }> {
    const problem = await this.readiness.problem();
    if (problem !== undefined) throw new AppError('UNAVAILABLE', problem);
    return { ready: true };
  }
}
