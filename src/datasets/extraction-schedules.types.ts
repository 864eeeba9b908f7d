import { Field, GraphQLISODateTime, InputType, ObjectType } from '@nestjs/graphql';
import { z } from 'zod';
import type { DatasetSchedule } from './dataset-schedule.entity.js';

@InputType()
export class ExtractionScheduleInput {
  @Field(() => String)
  dataset!: string;

  @Field(() => String, {
    description: 'Five fields (minute, hour, day of the month, month, day of the week), or six with seconds first.',
  })
  cron!: string;

  @Field(() => String, { defaultValue: 'UTC', description: 'Whose clock it is, such as `Europe/Paris`.' })
  timeZone!: string;

  @Field(() => Boolean, { defaultValue: true })
  enabled!: boolean;
}

export const extractionScheduleSchema = z.strictObject({
  dataset: z.string(),
  cron: z.string(),
  timeZone: z.string(),
  enabled: z.boolean(),
});

@ObjectType('ExtractionSchedule', { description: 'When a dataset is extracted by itself.' })
export class ExtractionScheduleType {
  @Field(() => String)
  cron!: string;

  @Field(() => String)
  timeZone!: string;

  @Field(() => Boolean)
  enabled!: boolean;

  @Field(() => GraphQLISODateTime, { nullable: true, description: 'Null while it is not enabled.' })
  nextAt!: Date | null;

  @Field(() => GraphQLISODateTime, { nullable: true, description: 'The time in the schedule that was handled last.' })
  lastTick!: Date | null;

  @Field(() => String, {
    nullable: true,
    description: 'Why no extraction was started at the last tick. How those that were ended is in `extractions`.',
  })
  failure!: string | null;
}

export function toScheduleType(schedule: DatasetSchedule): ExtractionScheduleType {
  const { cron, timeZone, enabled, nextAt, lastTick, failure } = schedule;
  return { cron, timeZone, enabled, nextAt: enabled ? nextAt : null, lastTick, failure };
}
