/**
 * Four years of Beijing's air under a policy: `npm run demo:beijing`. It needs data that does not come with the project,
 * and says so where that is absent.
 */
import { runBeijingTour } from './beijing-tour.ts';
import { type BeijingYears, readBeijingYears } from './beijing-years.ts';
import { startCsvSource } from './csv-source.ts';
import { secondsSince, withOwnBoucle } from './own-boucle.ts';
import { Terminal } from './terminal.ts';

const terminal = new Terminal(process.stdout);
const data = readBeijingYears();
if (data) await tour(data);
else {
  terminal.line(
    'This demo needs the hourly data "Beijing PM2.5" of the UCI Machine Learning Repository as ../shared/data/beijing-pm25.csv beside the project. `npm run demo` needs nothing.',
  );
  process.exitCode = 1;
}

async function tour({ header, known, later }: BeijingYears): Promise<void> {
  const started = performance.now();
  const source = await startCsvSource('beijing', header, known);
  await withOwnBoucle(source, terminal, async (session) => {
    await runBeijingTour(session, source, later, terminal);
    terminal.title(`Done in ${secondsSince(started)} s`);
  });
}
