import { readFileSync } from 'node:fs';
import { settingsSchema } from '../../src/config/config.js';

/** The settings table: name, default, meaning. */
const rows = readFileSync('README.md', 'utf8')
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter(([, name]) => /^`[A-Z][A-Z0-9_]+`$/.test(name ?? ''));

describe('README', () => {
  it('lists every setting, in the order and with the meaning that the program gives it', () => {
    const described = rows.map(([, name, , meaning]) => [name?.replaceAll('`', ''), meaning]);
    const known = Object.entries(settingsSchema.shape).map(([name, schema]) => [name, schema.description]);
    expect(described).toEqual(known);
  });
});
