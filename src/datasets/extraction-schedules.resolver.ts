import { Args, Context, Mutation, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { CurrentPrincipal, RequireRole } from '../auth/access.js';
import type { Principal } from '../auth/principal.js';
import type { GraphqlContext } from '../platform/graphql/graphql.module.js';
import { loadInBatch } from '../platform/graphql/request-loader.js';
import { ZodPipe } from '../platform/http/zod.pipe.js';
import { DatasetType } from './datasets.types.js';
import { ExtractionSchedules, type ScheduleOrder } from './extraction-schedules.js';
import {
  ExtractionScheduleInput,
  extractionScheduleSchema,
  ExtractionScheduleType,
  toScheduleType,
} from './extraction-schedules.types.js';

@Resolver(() => DatasetType)
export class ExtractionSchedulesResolver {
  constructor(private readonly schedules: ExtractionSchedules) {}

  @Mutation(() => ExtractionScheduleType, {
    description:
      'From now on the dataset is extracted by itself; the schedule takes the place of the one before. A tick during an extraction is passed over. Ticks that were missed are not made up: there is one extraction for all.',
  })
  @RequireRole('ENGINEER')
  async setExtractionSchedule(
    @Args('input', { type: () => ExtractionScheduleInput }, new ZodPipe(extractionScheduleSchema)) input: ScheduleOrder,
    @CurrentPrincipal() principal: Principal,
  ): Promise<ExtractionScheduleType> {
    return toScheduleType(await this.schedules.set(input, principal));
  }

  @Mutation(() => Boolean)
  @RequireRole('ENGINEER')
  async removeExtractionSchedule(
    @Args('dataset') name: string,
    @CurrentPrincipal() principal: Principal,
  ): Promise<boolean> {
    await this.schedules.remove(name, principal);
    return true;
  }

  @ResolveField(() => ExtractionScheduleType, {
    nullable: true,
    description: 'When it is extracted by itself; null if it is not.',
  })
  async schedule(
    @Parent() { id }: DatasetType,
    @Context() { request }: GraphqlContext,
  ): Promise<ExtractionScheduleType | null> {
    const schedule = await loadInBatch(request, 'datasetSchedule', (ids) => this.schedules.ofDatasets(ids), id);
    return schedule ? toScheduleType(schedule) : null;
  }
}
