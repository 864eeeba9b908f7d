/**
 * Makes the table in helm/boucle/README.md from the comments in values.yaml: `node scripts/chart-values.mjs`. With `--check` it
 * changes nothing and fails where the table is out of date.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';

const chart = new URL('../helm/boucle/', import.meta.url);
const readme = fileURLToPath(new URL('README.md', chart));
const [BEGIN, END] = ['<!-- values: begin -->', '<!-- values: end -->'];
/** Whole blocks in the manner of Kubernetes, shown as one value. */
const BLOCKS = new Set(['resources']);

const rows = valuesOf(await readFile(new URL('values.yaml', chart), 'utf8'));
const table = ['| value | default | meaning |', '| --- | --- | --- |', ...rows.map(toLine)].join('\n');
const text = await readFile(readme, 'utf8');
const [before, after] = [text.indexOf(BEGIN), text.indexOf(END)];
if (before < 0 || after < before) throw new Error(`${readme} lacks the marks ${BEGIN} and ${END}`);
const updated = await format(`${text.slice(0, before)}${BEGIN}\n\n${table}\n\n${text.slice(after)}`, {
  parser: 'markdown',
  printWidth: 140,
});
if (!process.argv.includes('--check')) await writeFile(readme, updated);
else if (updated !== text) {
  process.stderr.write('The table of helm/boucle/README.md is out of date: run `npm run chart:values`.\n');
  process.exitCode = 1;
}

/** Keys with their defaults and the comments above them. Reads the YAML that values.yaml is written in, two spaces a level. */
function valuesOf(yaml) {
  const rows = [];
  const path = [];
  let comment = [];
  let block;
  for (const line of yaml.split('\n')) {
    const [, indent, sharp, rest] = /^( *)(# ?)?(.*)$/.exec(line);
    const depth = indent.length / 2;
    if (block && !sharp && rest !== '' && depth > block.depth) {
      block.row.default += `${block.row.default && ', '}${rest}`;
      continue;
    }
    block = undefined;
    if (sharp) comment.push(rest);
    else if (rest === '') comment = [];
    else {
      const [, key, value] = /^(\w+): ?(.*)$/.exec(rest);
      path.splice(depth, path.length, key);
      const row = { path: path.join('.'), default: value, meaning: comment.join(' ') };
      if (value !== '' || row.meaning !== '' || BLOCKS.has(key)) rows.push(row);
      if (BLOCKS.has(key)) block = { depth, row };
      comment = [];
    }
  }
  return rows;
}

function toLine(row) {
  const value = row.default === '' ? '' : `\`${row.default}\``;
  return `| \`${row.path}\` | ${value} | ${row.meaning.replaceAll('|', '\\|')} |`;
}
