import { readFileSync } from 'node:fs';
import { settingsSchema } from '../../src/config/config.js';

const readme = readFileSync('README.md', 'utf8');

describe('README', () => {
  it.each(Object.entries(settingsSchema.shape))('describes the setting %s as the program does', (name, schema) => {
    const row = readme.split('\n').find((line) => line.startsWith(`| \`${name}\` |`));
    expect(row).toBeDefined();
    expect(row).toContain(descriptionOf(schema));
  });

  it('has no setting that the program does not know', () => {
    const names = [...readme.matchAll(/^\| `([A-Z][A-Z_]+)` \|/gm)].map((match) => match[1]);
    expect(names).toEqual(Object.keys(settingsSchema.shape));
  });
});

function descriptionOf(schema: { description?: string | undefined }): string {
  if (schema.description === undefined) throw new Error('a setting has no description');
  return schema.description;
}
