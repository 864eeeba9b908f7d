/**
 * The loop on real data, as a user's script would run it: a started Boucle, talked to over HTTP only.
 * `npm run demo`, with `-- --json` for a summary that machines can read, `-- --keep` to leave the server running,
 * `-- --sagemaker` to store and train in a cloud, and `-- --roles` to run what the chart describes.
 */
import { parseArgs } from 'node:util';
import { startCsvSource } from './csv-source.ts';
import { runFirstHalf } from './first-half.ts';
import { askEveryQuery, watchRelease } from './monitoring-queries.ts';
import { type OwnCloud, startOwnCloud } from './own-cloud.ts';
import { eventLoopDelayOf, type Installation, secondsSince, withOwnBoucle } from './own-boucle.ts';
import { withOwnRelease } from './own-release.ts';
import { restartEachRole } from './rolling-restarts.ts';
import { runSecondHalf } from './second-half.ts';
import type { Administrator } from './session.ts';
import { Terminal } from './terminal.ts';
import { dealWeatherDays } from './weather-days.ts';

/** Of the days' order; the verdicts that the demo checks are those of this seed. */
const SEED = 42;
const HELP = `Usage: npm run demo -- [--json] [--keep] [--sagemaker | --roles]

Starts Boucle in a temporary folder, extracts the weather of Seattle, trains models for the kind of weather and for the
maximum temperature, predicts with each of them and shows the log. Then it sends traffic: first more days of Seattle,
then days of New York. Boucle notices the drift, trains anew by itself, and promotes what is better.

  --json       end with a summary as JSON on stdout; progress goes to stderr
  --keep       leave the server running and print its addresses
  --sagemaker  data and models in a bucket, trainings as jobs of SageMaker: servers on this machine that speak the
               protocols of AWS, and really run the jobs
  --roles      1 api, 2 predictors, 2 workers and 2 schedulers, started as the Helm chart starts them, with the image's
               files, a PostgreSQL, a bucket, and an Ingress in front; in the end a Prometheus, if there is one, is asked
               what dashboards and alerts ask, and every role is restarted under load. Needs Linux and Helm
  --help       this text
`;

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean' },
    keep: { type: 'boolean' },
    sagemaker: { type: 'boolean' },
    roles: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (options.sagemaker && options.roles) throw new Error('Give --sagemaker or --roles, not both.');
if (options.help) process.stdout.write(HELP);
else if (options.sagemaker) await inOwnCloud();
else await demo();

async function inOwnCloud(): Promise<void> {
  const cloud = await startOwnCloud();
  try {
    await demo(cloud);
  } finally {
    await cloud.stop();
  }
}

async function demo(cloud?: OwnCloud): Promise<void> {
  const started = performance.now();
  const terminal = new Terminal(options.json ? process.stderr : process.stdout);
  const days = dealWeatherDays(SEED);
  const source = await startCsvSource('weather', days.header, days.known);
  const run = async (
    session: Administrator,
    installation: Installation,
    afterwards?: () => Promise<object>,
  ): Promise<void> => {
    await eventLoopDelayOf(installation.processes()); // Reading the figure also resets it: what follows is without the start-up.
    const firstHalf = await runFirstHalf(session, source.url, terminal);
    const loop = await runSecondHalf(session, source, days, terminal);
    cloud?.show(terminal);
    const eventLoopDelayMs = await eventLoopDelayOf(installation.processes());
    const seconds = secondsSince(started);
    terminal.title(`Done in ${seconds} s; no event loop was ever held for more than ${eventLoopDelayMs} ms`);
    const more = await afterwards?.();
    if (options.json) {
      const result = { ...firstHalf, loop, ...more, eventLoopDelayMs, seconds: Number(seconds) };
      process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    }
    if (options.keep) await keepRunning(installation, session, terminal);
  };
  if (!options.roles) await withOwnBoucle(source, terminal, run, cloud?.env);
  else {
    await withOwnRelease(source, terminal, async (session, release) => {
      const prometheus = await watchRelease(release, terminal);
      try {
        await run(session, release, async () => ({
          ...(prometheus && (await askEveryQuery(prometheus, release, terminal))),
          ...(await restartEachRole(session, release, terminal)),
        }));
      } finally {
        await prometheus?.stop();
      }
    });
  }
}

async function keepRunning(
  installation: Installation,
  administrator: Administrator,
  terminal: Terminal,
): Promise<void> {
  terminal.title('The server keeps running until you press Ctrl-C');
  terminal.line(`  GraphiQL   ${installation.url}/graphiql`);
  for (const { url } of installation.processes()) terminal.line(`  metrics    ${url}/metrics`);
  terminal.line(`  sign in as ${administrator.email} with the password ${administrator.password}`);
  await new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
}
