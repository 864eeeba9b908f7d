/** True for Fastify's refusal of a body that is larger than its limit. */
export function isBodyTooLarge(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'FST_ERR_CTP_BODY_TOO_LARGE';
}
