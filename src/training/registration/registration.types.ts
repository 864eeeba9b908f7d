import { Field, GraphQLISODateTime, ID, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { z } from 'zod';
import { enumOf } from '../../platform/graphql/enum-of.js';
import { PageOf } from '../../platform/graphql/pagination.js';
import { REGISTRATION_STATES, type RegistrationState } from './registration-state.js';

const RegistrationStateEnum = enumOf(REGISTRATION_STATES);
registerEnumType(RegistrationStateEnum, {
  name: 'VersionRegistrationState',
  description: 'REGISTERED, REFUSED (the file cannot serve), FAILED (it could not be checked) and CANCELLED are final.',
});

@InputType()
export class RegisterModelVersionInput {
  @Field(() => String, { description: 'Name of the model.' })
  model!: string;

  @Field(() => String, {
    description: 'SHA-256 of the ONNX file, which POST /v1/model-uploads/{model} took and answered.',
  })
  file!: string;

  @Field(() => Int, {
    nullable: true,
    description: 'Number of the dataset version that metrics and reference are computed on. Default: the newest.',
  })
  datasetVersion?: number | null;

  @Field(() => [String], {
    nullable: true,
    description: 'Class labels in the order of the scores. Default: those that the graph names.',
  })
  classes?: string[] | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Ask the promotion gate about it, as after a training. Default false: it stays a CANDIDATE.',
  })
  enterGate?: boolean | null;
}

export const registerModelVersionSchema = z.object({
  model: z.string(),
  file: z.string().regex(/^[0-9a-f]{64}$/, 'must be the SHA-256 of the file, 64 hexadecimal digits'),
  datasetVersion: z.number().int().positive().nullish(),
  classes: z
    .array(z.string().min(1, 'must not be empty').max(1000))
    .min(2, 'must name at least two')
    .max(1000)
    .refine((labels) => new Set(labels).size === labels.length, 'must name each class once')
    .nullish(),
  enterGate: z.boolean().nullish(),
});

export type RegisterModelVersion = z.output<typeof registerModelVersionSchema>;

@ObjectType('VersionRegistration', { description: 'The way of an uploaded ONNX file to a version of a model.' })
export class VersionRegistrationType {
  @Field(() => ID)
  id!: string;

  /** For fields that are resolved from elsewhere. */
  modelId!: string;
  versionId!: string | null;

  @Field(() => String, { description: 'SHA-256 of the uploaded file.' })
  file!: string;

  @Field(() => ID)
  datasetVersionId!: string;

  @Field(() => [String], { nullable: true, description: 'As given.' })
  classes!: readonly string[] | null;

  @Field(() => Boolean)
  enterGate!: boolean;

  @Field(() => RegistrationStateEnum)
  state!: RegistrationState;

  @Field(() => String)
  message!: string;

  @Field(() => String, { nullable: true, description: 'Why there is no version, and what to do.' })
  failure!: string | null;

  @Field(() => ID, { nullable: true })
  requestedBy!: string | null;

  @Field(() => GraphQLISODateTime)
  createdAt!: Date;

  @Field(() => GraphQLISODateTime, { nullable: true })
  startedAt!: Date | null;

  @Field(() => GraphQLISODateTime, { nullable: true })
  finishedAt!: Date | null;
}

@ObjectType()
export class VersionRegistrationPage extends PageOf(VersionRegistrationType) {}
