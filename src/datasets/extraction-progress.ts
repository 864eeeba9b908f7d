import type { ExtractionProgress } from './extraction/extraction-context.js';

/** Share of the whole at which each phase begins and ends. */
const SPANS: Readonly<Record<ExtractionProgress['phase'], readonly [number, number]>> = {
  READING: [0, 0.4],
  CONVERTING: [0.4, 0.75],
  PROFILING: [0.75, 0.95],
};

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Progress as a share of the whole and a few words. */
export function describeProgress({ phase, bytes, totalBytes, fraction = 0, objects }: ExtractionProgress): {
  progress: number;
  message: string;
} {
  const [from, to] = SPANS[phase];
  const total = totalBytes === undefined ? '' : ` of ${sizeText(totalBytes)}`;
  const which = objects ? `, ${objects.done} of ${objects.total} objects` : '';
  const message = phase === 'READING' ? `reading: ${sizeText(bytes)}${total}${which}` : phase.toLowerCase();
  return { progress: from + (to - from) * Math.min(1, fraction), message };
}

function sizeText(bytes: number): string {
  const power = Math.min(UNITS.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${value.toFixed(power === 0 || value >= 100 ? 0 : 1)} ${UNITS[power]!}`;
}
