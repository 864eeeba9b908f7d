import { createParamDecorator, ExecutionContext } from '@nestjs/common';
import { requestOf } from './request-of.js';

/** What is known of a caller who has not signed in. */
export interface Client {
  readonly address: string;
  readonly userAgent: string;
}

const MAX_USER_AGENT = 200;

/** Parameter decorator: the network side of the caller. */
export const CurrentClient = createParamDecorator((_: unknown, context: ExecutionContext): Client => {
  const { ip, headers } = requestOf(context);
  return { address: ip, userAgent: (headers['user-agent'] ?? '').slice(0, MAX_USER_AGENT) };
});
