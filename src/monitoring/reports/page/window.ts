import { instantInWords } from '../../../platform/page/instant.js';
import { durationText } from '../../decisions/duration-text.js';

/** From and to in UTC; the day stands once if it is the same. */
export function windowInWords(from: string, to: string): string {
  const [start, end] = [instantInWords(from), instantInWords(to)];
  const [day, time] = end.split(', ');
  return `${start} – ${start.startsWith(`${day!},`) ? time! : end} UTC`;
}

/** The length of a window. */
export function lengthInWords(from: string, to: string): string {
  return durationText((Date.parse(to) - Date.parse(from)) / 1000);
}
