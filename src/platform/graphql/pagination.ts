import type { Type } from '@nestjs/common';
import { ArgsType, Field, Int, ObjectType } from '@nestjs/graphql';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { AppError } from '../../errors/app-error.js';

/** Most items that a list gives at once. */
export const MAX_PAGE = 200;

/** Arguments of every list: newest first, `first` items after the cursor `after`. */
@ArgsType()
export class PageArgs {
  @Field(() => Int, { defaultValue: 20, description: `How many items, at most ${MAX_PAGE}.` })
  first!: number;

  @Field(() => String, { nullable: true, description: 'The `endCursor` of the page before.' })
  after?: string | null;
}

@ObjectType()
export class PageInfo {
  @Field(() => Boolean)
  hasNextPage!: boolean;

  @Field(() => String, { nullable: true, description: 'Give it as `after` to get the next page.' })
  endCursor!: string | null;
}

export interface Page<Item> {
  readonly nodes: Item[];
  readonly pageInfo: PageInfo;
}

/** Declares the GraphQL type of one page of `item`. */
export function PageOf<Item>(item: Type<Item>): Type<Page<Item>> {
  @ObjectType({ isAbstract: true })
  abstract class PageType implements Page<Item> {
    @Field(() => [item])
    nodes!: Item[];

    @Field(() => PageInfo)
    pageInfo!: PageInfo;
  }
  return PageType as Type<Page<Item>>;
}

/**
 * Runs a query as one page, newest first. Ids are UUIDv7, so their order is the order of creation and an id is a cursor
 * that stays right while rows are added.
 * @param alias alias of the entity whose `id` orders the list.
 */
export async function paginate<Entity extends ObjectLiteral & { id: string }>(
  query: SelectQueryBuilder<Entity>,
  alias: string,
  { first, after }: PageArgs,
): Promise<Page<Entity>> {
  if (!Number.isInteger(first) || first < 1 || first > MAX_PAGE) {
    throw new AppError('BAD_INPUT', `first must be between 1 and ${MAX_PAGE}; got ${first}.`);
  }
  if (after !== undefined && after !== null) query.andWhere(`${alias}.id < :cursor`, { cursor: idOf(after) });
  const rows = await query
    .orderBy(`${alias}.id`, 'DESC')
    .take(first + 1)
    .getMany();
  const nodes = rows.slice(0, first);
  const last = nodes.at(-1);
  return { nodes, pageInfo: { hasNextPage: rows.length > first, endCursor: last ? cursorOf(last.id) : null } };
}

/** Applies a mapping to the items of a page. */
export function mapPage<From, To>(page: Page<From>, map: (item: From) => To): Page<To> {
  return { nodes: page.nodes.map(map), pageInfo: page.pageInfo };
}

function cursorOf(id: string): string {
  return Buffer.from(id).toString('base64url');
}

function idOf(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString();
  if (!isUuid(id)) throw new AppError('BAD_INPUT', 'after is no cursor of this list. Use an `endCursor` as it came.');
  return id;
}
