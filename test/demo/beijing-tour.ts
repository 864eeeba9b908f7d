import type { BeijingYear } from './beijing-years.ts';
import { type CheckedTraffic, sendAndAwaitCheck } from './checked-traffic.ts';
import type { CsvSource } from './csv-source.ts';
import { extract } from './extract.ts';
import type { DemoModel } from './models.ts';
import { measure } from './quality.ts';
import { type FollowedRetraining, followRetraining } from './retraining.ts';
import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';
import { train } from './train.ts';
import { nextWindow, watch, WINDOW_SECONDS } from './watch.ts';

/** The weather and the calendar are features, but neither the year nor the number of the hour: those never come again. */
const DUST: DemoModel = {
  name: 'beijing-dust',
  about: 'fine dust (PM2.5) in µg/m³',
  dataset: 'beijing',
  task: 'REGRESSION',
  target: 'pm2.5',
  features: ['month', 'hour', 'DEWP', 'TEMP', 'PRES', 'cbwd', 'Iws', 'Is', 'Ir'],
  algorithms: ['LINEAR_REGRESSION', 'GRADIENT_BOOSTING'],
  metrics: ['rmse', 'mae', 'r2'],
};

/** A year of traffic is sent in one window, and what the policy says in years lasts as many windows. */
const YEAR_SECONDS = WINDOW_SECONDS;
/** Drift is judged by the defaults; besides, an error that is surely above the bound retrains, once a year at most. */
const POLICY = {
  quality: { metric: 'rmse', floor: 70, windowSeconds: YEAR_SECONDS },
  coolDownSeconds: YEAR_SECONDS,
  retrainingsPerDay: 4,
  algorithms: DUST.algorithms,
};

/** What became of a year. */
export interface WatchedYear {
  readonly year: number;
  readonly check: CheckedTraffic;
  readonly retraining: FollowedRetraining | undefined;
  /** Error of the champion of that year, which had not seen it. */
  readonly rmse: number;
  /** What the error would have been without any retraining: that of the first champion. */
  readonly rmseOfFirst: number;
}

/**
 * Learns from 2010, and then lets the years pass: traffic with outcomes, and a source that has grown by the year. What
 * follows from it is Boucle's own doing.
 */
export async function runBeijingTour(
  session: Session,
  source: CsvSource,
  years: readonly BeijingYear[],
  terminal: Terminal,
): Promise<WatchedYear[]> {
  const options = { nullMarkers: ['NA'], filter: `"${DUST.target}" IS NOT NULL` };
  await extract(session, { name: DUST.dataset, about: 'the air of Beijing', url: source.url, options }, terminal);
  const { champion } = await train(session, DUST, terminal);
  await watch(session, DUST, terminal, POLICY);
  await nextWindow();
  const passed = [];
  for (const year of years) passed.push(await pass(session, source, year, terminal));
  const watched = [];
  for (const [i, { hours }] of years.entries()) {
    const { rmse: rmseOfFirst } = await measure(session, DUST, champion.version, hours);
    watched.push({ ...passed[i]!, rmseOfFirst });
  }
  showYears(watched, terminal);
  return watched;
}

async function pass(
  session: Session,
  source: CsvSource,
  { year, hours }: BeijingYear,
  terminal: Terminal,
): Promise<Omit<WatchedYear, 'rmseOfFirst'>> {
  terminal.title(`${year}: its ${hours.length} hours, and the dust where it was measured`);
  source.extend(hours);
  const check = await sendAndAwaitCheck(session, DUST, String(year), hours, terminal);
  const { value: rmse } = check.report.metrics.find(({ name }) => name === 'rmse')!;
  if (check.decision.verdict !== 'RETRAIN') return { year, check, rmse, retraining: undefined };
  const retraining = await followRetraining(session, DUST, check.decision.id, terminal);
  if (retraining.state === 'PROMOTED') await nextWindow();
  return { year, check, rmse, retraining };
}

function showYears(years: readonly WatchedYear[], terminal: Terminal): void {
  terminal.title('What the policy decided');
  terminal.table(
    ['window', 'report', 'drifted', 'champion', 'its rmse', 'rmse of the first', 'decision', 'retraining'],
    years.map(({ year, check: { version, report, decision }, retraining, rmse, rmseOfFirst }) => [
      String(year),
      report.verdict,
      report.drifted.map(({ name }) => name).join(', '),
      version,
      rmse,
      rmseOfFirst,
      [decision.verdict, decision.trigger].filter(Boolean).join(': '),
      retraining ? `version ${retraining.ledgerEntry.version}, ${retraining.ledgerEntry.action.toLowerCase()}` : '',
    ]),
  );
}
