/** Besides the search itself: its machine's start, reading the data, leaving the results. */
const AROUND_SECONDS = 900;

/** The longest time of a search's job, in seconds; undefined without a limit of its own. */
export function longestSearch(minutes: number | null): number | undefined {
  return minutes === null ? undefined : Math.round(minutes * 60) + AROUND_SECONDS;
}

/** The minutes for trials, of a job that may take `seconds`; none or less if that is too short. */
export function minutesWithin(seconds: number): number {
  return (seconds - AROUND_SECONDS) / 60;
}
