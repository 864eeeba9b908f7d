import { PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { AppError } from '../../errors/app-error.js';

/** Checks a REST body, query or GraphQL argument against a schema. */
export class ZodPipe<Output> implements PipeTransform<unknown, Output> {
  constructor(private readonly schema: z.ZodType<Output>) {}

  transform(value: unknown): Output {
    return parseInput(this.schema, value);
  }
}

/** @throws AppError BAD_INPUT that lists every field with its problem. */
export function parseInput<Output>(schema: z.ZodType<Output>, value: unknown): Output {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => ({
    field: path.join('.') || 'body',
    problem: message,
  }));
  const text = problems.map(({ field, problem }) => `${field}: ${problem}`).join('; ');
  throw new AppError('BAD_INPUT', `Some input is wrong. ${text}`, { problems });
}
