import { BeforeApplicationShutdown, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DataSource } from 'typeorm';
import { Readiness } from './readiness.js';

/** Ends what runs in the hook in which jobs end too. */
@Injectable()
class LongWork implements BeforeApplicationShutdown {
  problemWhileEnding: string | undefined;

  constructor(private readonly readiness: Readiness) {}

  async beforeApplicationShutdown(): Promise<void> {
    this.problemWhileEnding = await this.readiness.problem();
  }
}

@Module({
  providers: [
    LongWork,
    Readiness,
    {
      provide: DataSource,
      useFactory: () => new DataSource({ type: 'postgres', url: process.env['TEST_POSTGRES_URL']! }).initialize(),
    },
  ],
})
class Sample {}

describe('readiness', () => {
  it('ends before running work does', async () => {
    const app = await NestFactory.createApplicationContext(Sample, { logger: false });
    expect(await app.get(Readiness).problem()).toBeUndefined();
    const work = app.get(LongWork);
    await app.close();
    await app.get(DataSource).destroy();
    expect(work.problemWhileEnding).toBe('The process is stopping.');
  });
});
