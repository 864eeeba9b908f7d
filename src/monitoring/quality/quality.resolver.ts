import { Args, Int, Query, Resolver } from '@nestjs/graphql';
import { RequireRole } from '../../auth/access.js';
import { QualityReadings } from './quality-readings.js';
import { WindowQualityType } from './quality.types.js';

@Resolver()
export class QualityResolver {
  constructor(private readonly readings: QualityReadings) {}

  @Query(() => WindowQualityType, {
    description:
      'Quality of the predictions that a version, by default the champion, made from `from` to before `to`, at most 366 days.',
  })
  @RequireRole('VIEWER')
  quality(
    @Args('model') model: string,
    @Args('from') from: Date,
    @Args('to') to: Date,
    @Args('version', { type: () => Int, nullable: true }) version: number | null,
  ): Promise<WindowQualityType> {
    return this.readings.read({ model, version: version ?? null, from, to });
  }
}
