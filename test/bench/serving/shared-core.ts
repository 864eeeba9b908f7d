/** What it costs when two servers take turns on the core that one had to itself: ours, and the cheapest there is. */
import { median } from '../median.ts';
import { holdRounds, type Measured } from './measure.ts';
import { bareContender, columnNames } from './peers.ts';
import { type Server, startBareFastify } from './servers.ts';
import { type Bench, restContender, type Table, withServers } from './tables.ts';

export function twoPredictors(bench: Bench): Promise<Table> {
  return withServers(bench, [{}, {}], async (ours) => {
    const bare: Server[] = [];
    try {
      for (let i = 0; i < 2; i++) bare.push(await startBareFastify(bench.pin, columnNames(bench)));
      const contenders = [
        restContender('1 predictor', ours.slice(0, 1), bench),
        restContender('2 predictors', ours, bench),
        bareContender('1 bare Fastify', bare.slice(0, 1), bench, { formOnly: true }),
        bareContender('2 bare Fastify', bare, bench, { formOnly: true }),
      ];
      const rows = await holdRounds(contenders, bench.plan, bench.database);
      const [one, two, oneBare, twoBare] = rows as [Measured, Measured, Measured, Measured];
      const notes = [
        `CPU of a request: predictors ${ratio(two, one)}, bare Fastify ${ratio(twoBare, oneBare)} that of one`,
      ];
      const goal = 'CPU of a request ≤ 1.1 × that of one predictor';
      return { title: 'Two predictors on the one core', goal, ratio: 'OF_FIRST', rows, notes };
    } finally {
      for (const server of bare) await server.stop();
    }
  });
}

function ratio(two: Measured, one: Measured): string {
  const [of, to] = [two, one].map(({ rounds }) => median(rounds.map(({ serverUs }) => serverUs))) as [number, number];
  return `${(of / to).toFixed(2)} ×`;
}
