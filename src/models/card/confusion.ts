import { fitted } from '../../platform/page/labels.js';
import { markup, type Markup } from '../../platform/page/markup.js';
import { count, percent } from '../../platform/page/numbers.js';
import { plotCard } from './curves.js';
import { drawing, WIDTH } from './plot-frame.js';

/** More classes than these make cells that nothing can be read in. */
const MOST_CLASSES = 12;
const LEFT = 92;
const TOP = 62;

/** Rows by their true class, columns by the predicted one; each row is shaded by its shares. */
export function confusionPlot(confusion: readonly (readonly number[])[], classes: readonly string[]): Markup {
  const total = confusion.flat().reduce((sum, cell) => sum + cell, 0);
  const right = confusion.reduce((sum, row, i) => sum + row[i]!, 0);
  const note = `${percent(total > 0 ? right / total : 0)} of ${count(total)} held-out rows are on the diagonal.`;
  if (classes.length > MOST_CLASSES) {
    const more = markup`<p>It has ${classes.length} classes, too many to draw: ask the API for <code>classMetrics</code>.</p>`;
    return plotCard('Confusion matrix', note, more);
  }
  const size = (WIDTH - LEFT - 2) / classes.length;
  const height = Math.min(size, 64);
  const cells = confusion.map((row, i) => drawRow(row, i, classes[i]!, { size, height }));
  const heads = classes.map(
    (label, j) =>
      markup`<text class="name" x="${LEFT + (j + 0.5) * size}" y="${TOP - 9}" text-anchor="middle">${fitted(label, size - 4, 12)}</text>`,
  );
  const content = markup`<text class="caption" x="${LEFT + (WIDTH - LEFT) / 2}" y="16" text-anchor="middle">Predicted</text><text class="caption" x="${LEFT - 10}" y="${TOP - 9}" text-anchor="end">True</text>${heads}${cells}`;
  const name = 'Confusion matrix of the held-out rows';
  return plotCard('Confusion matrix', note, drawing(name, content, TOP + classes.length * height + 4));
}

interface CellSize {
  readonly size: number;
  readonly height: number;
}

function drawRow(row: readonly number[], i: number, label: string, { size, height }: CellSize): Markup {
  const rows = row.reduce((sum, cell) => sum + cell, 0);
  const y = TOP + i * height;
  const cells = row.map((cell, j) => {
    const share = rows > 0 ? cell / rows : 0;
    const x = LEFT + j * size;
    const fits = size > 26;
    const text = fits
      ? markup`<text class="${share > 0.55 ? 'light' : 'ink'}" x="${x + size / 2}" y="${y + height / 2 + 4}" text-anchor="middle">${fitted(count(cell), size - 2, 12)}</text>`
      : markup``;
    return markup`<g><title>${`${label}: ${count(cell)} (${percent(share)}) in column ${j + 1}`}</title><rect class="${i === j ? 'cell' : 'wrong'}" x="${x + 1}" y="${y + 1}" width="${size - 2}" height="${height - 2}" rx="3" fill-opacity="${opacity(share)}"/><rect class="frame" x="${x + 1}" y="${y + 1}" width="${size - 2}" height="${height - 2}" rx="3"/>${text}</g>`;
  });
  return markup`<text class="name" x="${LEFT - 10}" y="${y + height / 2 + 4}" text-anchor="end">${fitted(label, LEFT - 14, 12)}</text>${cells}`;
}

/** As text: numbers in markup are rounded to tenths. */
function opacity(share: number): string {
  return (0.04 + 0.96 * share).toFixed(2);
}
