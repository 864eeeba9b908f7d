import { loadConfig } from '../config/config.js';
import { ConnectionSeal } from './connection-seal.js';

const sealOf = (secret: string) =>
  new ConnectionSeal(loadConfig({ DATABASE_URL: 'postgres://localhost/x', BOUCLE_SECRET: secret }));

describe('ConnectionSeal', () => {
  const seal = sealOf('s'.repeat(32));
  const connection = 'postgres://reader:pässword@db.example:5432/sales';

  it('opens what it sealed, and never seals alike', () => {
    const sealed = seal.seal(connection, 'a');
    expect(seal.open(sealed, 'a')).toBe(connection);
    expect(sealed.includes('pässword')).toBe(false);
    expect(seal.seal(connection, 'a').equals(sealed)).toBe(false);
  });

  it('refuses another secret, another source, and every changed byte', () => {
    const sealed = seal.seal(connection, 'a');
    expect(() => sealOf('t'.repeat(32)).open(sealed, 'a')).toThrow(/BOUCLE_SECRET was changed/);
    expect(() => seal.open(sealed, 'b')).toThrow(/cannot be decrypted/);
    for (let index = 0; index < sealed.length; index++) {
      const changed = Buffer.from(sealed);
      changed[index]! ^= 1;
      expect(() => seal.open(changed, 'a')).toThrow(/cannot be decrypted/);
    }
  });
});
