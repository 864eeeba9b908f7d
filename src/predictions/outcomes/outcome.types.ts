import { Field, Float, ID, InputType, ObjectType, registerEnumType } from '@nestjs/graphql';
import { BigIntScalar, JsonScalar } from '../../platform/graphql/scalars.js';
import { REFUSALS, type Refusal } from './outcome-report.js';
import type { OutcomeValue } from './outcome.entity.js';

const RefusalEnum = Object.fromEntries(REFUSALS.map((name) => [name, name])) as Record<Refusal, Refusal>;
registerEnumType(RefusalEnum, {
  name: 'OutcomeRefusal',
  description: 'Why an outcome was not taken: wrong in itself, no prediction known for it, or its prediction too old.',
});

@InputType({ description: 'What happened after a prediction. Names it by exactly one of its ids.' })
export class OutcomeInput {
  @Field(() => ID, { nullable: true, description: 'The id that predict returned.' })
  predictionId?: string | null;

  @Field(() => String, { nullable: true, description: 'Your own name: all predictions of a model that share it.' })
  correlationId?: string | null;

  @Field(() => String, { nullable: true, description: 'Needed where several models share a correlation id.' })
  model?: string | null;

  @Field(() => JsonScalar, { description: 'The class that was right, or the number that was measured.' })
  value!: unknown;

  @Field(() => Date, { nullable: true, description: 'When it happened.' })
  occurredAt?: Date | null;
}

@InputType()
export class RecordOutcomesInput {
  @Field(() => [OutcomeInput])
  outcomes!: OutcomeInput[];

  @Field(() => String, {
    nullable: true,
    description: 'Any text of your own: repeated with the same input, it gets the same answer.',
  })
  idempotencyKey?: string | null;
}

@ObjectType()
export class OutcomeProblem {
  @Field(() => BigIntScalar, { description: 'Place in the list, from 0 on.' })
  position!: number;

  @Field(() => RefusalEnum)
  reason!: Refusal;

  @Field(() => String)
  message!: string;
}

@ObjectType({ description: 'What became of the outcomes; each is in exactly one of the counts.' })
export class OutcomeSummary {
  @Field(() => BigIntScalar, { description: 'New.' })
  accepted!: number;

  @Field(() => BigIntScalar, { description: 'Replaced another value, which the history keeps.' })
  changed!: number;

  @Field(() => BigIntScalar, { description: 'Known already.' })
  unchanged!: number;

  @Field(() => BigIntScalar, { description: 'Of predictions that the log does not hold, or that were erased.' })
  unknown!: number;

  @Field(() => BigIntScalar, { description: 'Of predictions older than the acceptance window.' })
  late!: number;

  @Field(() => BigIntScalar, { description: 'Of the wrong form, or no class or number as the model has them.' })
  invalid!: number;

  @Field(() => [OutcomeProblem], { description: 'The first 20 of those that were not taken.' })
  problems!: readonly OutcomeProblem[];
}

@ObjectType({ description: 'How many predictions of a window have an outcome.' })
export class OutcomeCoverage {
  @Field(() => BigIntScalar)
  predictions!: number;

  @Field(() => BigIntScalar)
  withOutcome!: number;

  @Field(() => Float, { nullable: true, description: 'null for a window without predictions.' })
  ratio!: number | null;
}

@ObjectType()
export class OutcomeRevision {
  @Field(() => JsonScalar)
  previous!: OutcomeValue;

  @Field(() => JsonScalar)
  value!: OutcomeValue;

  @Field(() => Date)
  receivedAt!: Date;
}

@ObjectType({ description: 'What happened after a prediction.' })
export class LoggedOutcome {
  @Field(() => JsonScalar, { description: 'The class that was right, or the number that was measured.' })
  value!: OutcomeValue;

  @Field(() => Date, { nullable: true, description: 'When it happened, if that was said.' })
  occurredAt!: Date | null;

  @Field(() => Date)
  receivedAt!: Date;

  @Field(() => [OutcomeRevision], { description: 'Values that were replaced, oldest first.' })
  changes!: readonly OutcomeRevision[];
}

@ObjectType({ description: 'What was removed for good.' })
export class ErasedPredictions {
  @Field(() => BigIntScalar)
  predictions!: number;

  @Field(() => BigIntScalar, { description: 'Outcomes of those predictions.' })
  outcomes!: number;
}
