import { BadRequestException, Module, type LoggerService } from '@nestjs/common';
import { APP_FILTER, NestFactory } from '@nestjs/core';
import {
  Args,
  ArgsType,
  Field,
  GraphQLModule,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Parent,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { QueryFailedError } from 'typeorm';
import { loadConfig } from '../../src/config/config.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { AppError } from '../../src/errors/app-error.js';
import { HttpErrorFilter } from '../../src/errors/http-error.filter.js';
import { CallerCheck } from '../../src/platform/http/caller-check.js';
import { graphqlOptions } from '../../src/platform/graphql/graphql.module.js';
import { LiveConnections } from '../../src/platform/graphql/live-connections.js';
import { PageArgs, PageOf } from '../../src/platform/graphql/pagination.js';
import { BigIntScalar } from '../../src/platform/graphql/scalars.js';
import { createHttpAdapter } from '../../src/platform/http/http-adapter.js';

export const SECRET_SQL = 'SELECT password_hash FROM "user" WHERE email = $1';

@ArgsType()
class CountArgs {
  @Field(() => BigIntScalar)
  count!: number;
}

@InputType()
class LabelInput {
  @Field(() => String)
  label!: string;
}

@ObjectType()
class Sample {
  @Field(() => String)
  name!: string;
}

@ObjectType()
class SamplePage extends PageOf(Sample) {}

/** A schema with one field for each thing that can happen to a request. */
@Resolver(() => Sample)
class SampleResolver {
  static mutations = 0;

  @Query(() => SamplePage)
  samples(@Args() { first }: PageArgs): SamplePage {
    const nodes = Array.from({ length: first }, (_, i) => ({ name: `sample ${i}` }));
    return { nodes, pageInfo: { hasNextPage: false, endCursor: null } };
  }

  @ResolveField(() => [Sample])
  parts(): Sample[] {
    return [{ name: 'part' }];
  }

  @ResolveField(() => String, { nullable: true })
  broken(@Parent() { name }: Sample): string {
    if (name === 'sample 1') throw new Error(SECRET_SQL);
    return name;
  }

  @ResolveField(() => Sample)
  self(@Parent() sample: Sample): Sample {
    return sample;
  }

  @Query(() => Sample)
  sample(): Sample {
    return { name: 'sample' };
  }

  @Query(() => BigIntScalar)
  echo(@Args() { count }: CountArgs): number {
    return count;
  }

  @Query(() => String)
  label(@Args('input') { label }: LabelInput): string {
    return label;
  }

  @Query(() => Int)
  tooLarge(): number {
    return 2 ** 40;
  }

  @Query(() => String)
  failsInDatabase(): string {
    throw new QueryFailedError(SECRET_SQL, ['ada@example.com'], new Error('relation "user" does not exist'));
  }

  @Query(() => String)
  refuses(): string {
    throw new AppError('NOT_FOUND', 'There is no such sample. List them with `samples`.');
  }

  @Query(() => String)
  failsInPipe(): string {
    throw new BadRequestException(['name must not be empty', 'size must be positive']);
  }

  @Mutation(() => Int)
  mutate(): number {
    return ++SampleResolver.mutations;
  }

  @Subscription(() => Sample, { resolve: (sample: Sample) => sample })
  async *sampled(@Args() { first }: PageArgs): AsyncGenerator<Sample> {
    for (let i = 0; i < first; i++) yield await Promise.resolve({ name: `sample ${i}` });
  }

  @Subscription(() => Sample)
  failsToSubscribe(): AsyncGenerator<Sample> {
    throw new Error(SECRET_SQL);
  }
}

export interface SampleApp {
  readonly url: string;
  /** What the log got, as JSON. */
  readonly log: string[];
  readonly mutations: () => number;
  post(body: unknown, headers?: Record<string, string>): Promise<SampleAnswer>;
  get(parameters: Record<string, string>, init?: RequestInit): Promise<SampleAnswer>;
  close(): Promise<void>;
}

export interface SampleAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // The shape depends on the query; tests assert on it.
  readonly body: any;
}

/** The sample has no accounts. */
class EverybodyIsKnown extends CallerCheck {
  override identify(): Promise<string> {
    return Promise.resolve('somebody');
  }
}

/** Serves {@link SampleResolver} with the GraphQL endpoint and HTTP server of Boucle. */
export async function startSampleApp(settings: Record<string, string> = {}): Promise<SampleApp> {
  const config = loadConfig(settings);
  @Module({
    imports: [
      ConfigModule.of(config),
      GraphQLModule.forRoot<MercuriusDriverConfig>({
        driver: MercuriusDriver,
        ...graphqlOptions(config, new LiveConnections(new EverybodyIsKnown())),
      }),
    ],
    providers: [SampleResolver, { provide: APP_FILTER, useClass: HttpErrorFilter }],
  })
  class SampleModule {}

  const log: string[] = [];
  const app = await NestFactory.create<NestFastifyApplication>(SampleModule, createHttpAdapter(config), {
    logger: loggerInto(log),
  });
  await app.listen(0, '127.0.0.1');
  const url = `${(await app.getUrl()).replace('[::1]', '127.0.0.1')}/graphql`;
  return {
    url,
    log,
    mutations: () => SampleResolver.mutations,
    post: (body, headers = {}) =>
      answer(
        fetch(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: typeof body === 'string' ? body : JSON.stringify(body),
        }),
      ),
    get: (parameters, init) => answer(fetch(`${url}?${new URLSearchParams(parameters).toString()}`, init)),
    close: () => app.close(),
  };
}

async function answer(request: Promise<Response>): Promise<SampleAnswer> {
  const response = await request;
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') && text !== '';
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
}

function loggerInto(log: string[]): LoggerService {
  const write = (...entry: unknown[]) => {
    log.push(JSON.stringify(entry, (_key, value: unknown) => (value instanceof Error ? value.stack : value)));
  };
  return { log: () => undefined, error: write, warn: write, fatal: write };
}
