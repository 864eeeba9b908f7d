import { createHmac } from 'node:crypto';
import { DISABLED_FROM, MAX_ATTEMPTS, pauseAfter, SLOWED_FROM, standing } from './delivery-plan.js';
import { signatureOf } from './signature.js';

describe('the signature of a delivery', () => {
  it('is the HMAC-SHA256 of time and body', () => {
    const signature = signatureOf('secret', '{"a":1}', new Date(1_700_000_000_999));
    const expected = createHmac('sha256', 'secret').update('1700000000.{"a":1}').digest('hex');
    expect(signature).toBe(`t=1700000000,v1=${expected}`);
  });
});

describe('the plan of a delivery', () => {
  it('makes six attempts in about an hour, with growing pauses', () => {
    const pauses = Array.from({ length: MAX_ATTEMPTS }, (_, i) => pauseAfter(i + 1));
    expect(pauses).toEqual([10, 60, 300, 900, 2400, undefined]);
  });

  it('slows a webhook down that fails all the time, and disables it in the end', () => {
    expect([0, SLOWED_FROM - 1, SLOWED_FROM, DISABLED_FROM - 1, DISABLED_FROM].map(standing)).toEqual([
      'FINE',
      'FINE',
      'SLOWED',
      'SLOWED',
      'DISABLED',
    ]);
  });
});
