import { Injectable, Logger } from '@nestjs/common';
import { Cron, Interval } from '@nestjs/schedule';
import { ScriptChannels } from '../script/script-channels.js';
import { ModelUploads } from './model-uploads.js';
import { Registrations } from './registrations.js';

const INTERVAL_MS = 60_000;

/** Looks after what workers that died silently, and people who changed their mind, leave behind. */
@Injectable()
export class RegistrationSchedule {
  private readonly logger = new Logger('Registration');

  constructor(
    private readonly registrations: Registrations,
    private readonly uploads: ModelUploads,
    private readonly channels: ScriptChannels,
  ) {}

  @Interval(INTERVAL_MS)
  async resume(): Promise<void> {
    await this.unlessFailing(
      () => this.registrations.requeueStranded(),
      'active registrations could not be looked for',
    );
  }

  @Cron('0 50 3 * * *', { timeZone: 'UTC' })
  async collect(): Promise<void> {
    await this.unlessFailing(() => this.uploads.collect(), 'uploaded model files could not be collected');
    await this.unlessFailing(() => this.channels.collect(), 'data of training scripts could not be collected');
  }

  /** The next turn looks again. */
  private async unlessFailing(work: () => Promise<void>, problem: string): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.logger.warn({ err: error }, problem);
    }
  }
}
