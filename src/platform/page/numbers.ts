const NBSP = '\u00a0';
const MINUS = '\u2212';

const COUNT = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const BY_DIGITS = [1, 2, 3, 4, 5, 6, 7, 8].map(
  (digits) => new Intl.NumberFormat('en', { maximumSignificantDigits: digits }),
);
const COMPACT = [1, 2, 3, 4, 5, 6, 7, 8].map(
  (digits) => new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: digits }),
);

/** 1234567 → 1,234,567 */
export function count(value: number): string {
  return COUNT.format(value);
}

/** 2 → 2 rows */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** A share in percent, with more digits where it is small; what isn't quite none or all doesn't look it. */
export function percent(share: number): string {
  const value = 100 * share;
  if (value > 0 && value < 0.1) return `<${NBSP}0.1${NBSP}%`;
  if (value > 99.9 && value < 100) return `>${NBSP}99.9${NBSP}%`;
  const digits = value === 0 || value === 100 || (value >= 10 && value <= 99) ? 0 : 1;
  return `${value.toFixed(digits)}${NBSP}%`;
}

/** A score or metric with so many significant digits. */
export function figure(value: number, digits = 3): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e9) return scientific(value, digits);
  return plain(value, digits);
}

/** A p-value. Below a ten-thousandth the exact one means nothing. */
export function probability(value: number): string {
  if (value < 1e-4) return `<${NBSP}0.0001`;
  return value > 0.9999 ? `>${NBSP}0.9999` : figure(value, 2);
}

/** Labels of an axis: as short as they can be while they differ, and lie no tenth of a gap beside their values. */
export function axisLabels(values: readonly number[]): string[] {
  const sorted = [...new Set(values)].sort((a, b) => a - b);
  const gaps = sorted.slice(1).map((value, i) => value - sorted[i]!);
  const tolerance = Math.min(...gaps) / 10;
  for (let digits = 3; digits <= 8; digits++) {
    const close = values.every((value) => Math.abs(Number(value.toPrecision(digits)) - value) <= tolerance);
    if (close) return values.map((value) => axisLabel(value, digits));
  }
  return values.map((value) => axisLabel(value, 8));
}

function axisLabel(value: number, digits: number): string {
  const size = Math.abs(value);
  if (size >= 1e15 || (size > 0 && size < 1e-4)) return scientific(value, digits);
  return size >= 1e5 ? signed(COMPACT[digits - 1]!.format(value)) : plain(value, digits);
}

/** Without Intl where there is nothing to group: a page has thousands of figures. */
function plain(value: number, digits: number): string {
  if (Math.abs(value) < 999) return signed(String(Number(value.toPrecision(digits))));
  return signed(BY_DIGITS[digits - 1]!.format(value));
}

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

function scientific(value: number, digits: number): string {
  const [mantissa, exponent] = value.toExponential(digits - 1).split('e');
  const raised = exponent!
    .replace('+', '')
    .replace('-', '⁻')
    .replace(/\d/g, (digit) => SUPERSCRIPTS[Number(digit)]!);
  return signed(`${Number(mantissa)}×10${raised}`);
}

function signed(text: string): string {
  return text.replace('-', MINUS);
}
