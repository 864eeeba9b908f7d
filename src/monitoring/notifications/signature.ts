import { createHmac } from 'node:crypto';

/**
 * What proves to the receiver that a delivery is ours and new: the time in seconds, and the HMAC-SHA256 of
 * `<time>.<body>` under the webhook's secret.
 */
export function signatureOf(secret: string, body: string, at: Date): string {
  const time = Math.floor(at.getTime() / 1000);
  return `t=${time},v1=${createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')}`;
}
