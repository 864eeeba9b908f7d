import { randomHex } from './random-hex.js';

describe('randomHex', () => {
  it('gives no digit twice, beyond what is drawn at once', () => {
    const texts = Array.from({ length: 5_000 }, () => randomHex(15));
    expect(texts.every((text) => /^[0-9a-f]{15}$/.test(text))).toBe(true);
    expect(new Set(texts).size).toBe(texts.length);
  });
});
