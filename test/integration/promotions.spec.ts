import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { Approvals } from '../../src/models/approvals.service.js';
import { Challenge } from '../../src/models/challenge.entity.js';
import { Challenges } from '../../src/models/challenges.js';
import { Model } from '../../src/models/model.entity.js';
import { ModelVersion } from '../../src/models/model-version.entity.js';
import type { GateEvidence } from '../../src/models/promotion-gate.js';
import { PromotionLedger } from '../../src/models/promotion-ledger.js';
import { Promotion } from '../../src/models/promotion.entity.js';
import { type GateDecision, Promotions } from '../../src/models/promotions.js';
import { ChangeFeed } from '../../src/platform/events/change-feed.js';
import { loadConfig } from '../../src/config/config.js';
import { JobQueue } from '../../src/platform/queue/job-queue.js';
import { TEST_SECRET } from '../support/boucle-process.js';
import { EventLog } from '../../src/platform/events/event-log.js';
import { LoggedEvent } from '../../src/platform/events/logged-event.entity.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type RegisteredVersion, registerVersion, TEMPERATURE } from '../support/served-model.js';

const HOUR_MS = 3_600_000;
const actorId = randomUUID();
const EVIDENCE: GateEvidence = {
  metric: 'rmse',
  margin: 0,
  datasetVersionId: randomUUID(),
  validation: [],
  champion: 1,
  comparison: null,
};

describe('the gate and the people who approve', () => {
  let database: TestDatabase;
  let source: DataSource;
  let home: string;
  let promotions: Promotions;
  let challenges: Challenges;
  let approvals: Approvals;
  let queue: JobQueue;

  beforeAll(async () => {
    database = await createTestDatabase();
    home = await mkdtemp(join(tmpdir(), 'boucle-promotions-'));
    const entities = [Model, ModelVersion, Promotion, Challenge, LoggedEvent];
    source = await new DataSource({ type: 'postgres', url: database.url, entities }).initialize();
    queue = new JobQueue(loadConfig({ DATABASE_URL: database.url, BOUCLE_SECRET: TEST_SECRET }));
    await queue.onModuleInit();
    const ledger = new PromotionLedger(new EventLog(queue), new ChangeFeed());
    challenges = new Challenges(source, ledger);
    promotions = new Promotions(source, ledger, challenges);
    approvals = new Approvals(source.getRepository(Promotion));
  });

  afterAll(async () => {
    await queue.onApplicationShutdown();
    await source.destroy();
    await database.drop();
    await rm(home, { recursive: true, force: true });
  });

  /** A model in MANUAL mode with version 1 as champion and so many candidates. */
  async function modelWith(model: string, candidates: number): Promise<RegisteredVersion[]> {
    const versions: RegisteredVersion[] = [];
    for (let i = 0; i <= candidates; i++) {
      const stage = i === 0 ? 'CHAMPION' : 'CANDIDATE';
      versions.push(await registerVersion(database, home, { model, signature: TEMPERATURE, stage }));
    }
    return versions;
  }

  const verdict = (version: RegisteredVersion, promote = true): GateDecision => ({
    promote,
    versionId: version.versionId,
    reason: 'It is better.',
    evidence: EVIDENCE,
    contestId: randomUUID(),
  });
  const decide = (model: string, champion: RegisteredVersion, decision: GateDecision): Promise<boolean> =>
    promotions.decide(model, champion.versionId, decision);
  const say = (model: string) => ({ model, reason: 'I looked at it', actorId });
  const setMode = (model: string, mode: string) =>
    database.query('UPDATE model SET promotion_mode = $2 WHERE name = $1', [model, mode]);

  const pendingOf = async (model: string): Promise<number[]> => {
    const { nodes } = await approvals.pending({ first: 200 });
    return nodes.filter(({ modelName }) => modelName === model).map(({ versionNumber }) => versionNumber);
  };
  const ledgerOf = async (model: string): Promise<string[]> => {
    const rows = await database.query<{ entry: string }>(
      `SELECT action || ' ' || version_number || coalesce(' by ' || nullif(actor_id, $2)::text, '') AS entry
       FROM promotion WHERE model_name = $1 ORDER BY created_at`,
      [model, actorId],
    );
    return rows.map(({ entry }) => entry);
  };
  const stagesOf = async (model: string): Promise<string[]> => {
    const rows = await database.query<{ stage: string }>(
      `SELECT stage FROM model_version v JOIN model m ON m.id = v.model_id WHERE m.name = $1 ORDER BY number`,
      [model],
    );
    return rows.map(({ stage }) => stage);
  };

  it('lists what waits, with what the gate saw, page by page and newest first', async () => {
    for (const model of ['first', 'second', 'third']) {
      const [champion, better] = await modelWith(model, 1);
      await decide(model, champion!, verdict(better!));
    }
    const page = await approvals.pending({ first: 2 });
    expect(page.nodes.map(({ modelName }) => modelName)).toEqual(['third', 'second']);
    expect(page.nodes[0]).toMatchObject({ action: 'RECOMMENDED', previousNumber: 1, evidence: EVIDENCE });
    const rest = await approvals.pending({ first: 2, after: page.pageInfo.endCursor });
    expect(rest.nodes.map(({ modelName }) => modelName)).toEqual(['first']);
  });

  it('approve by promoting', async () => {
    const [champion, better] = await modelWith('approved', 1);
    await decide('approved', champion!, verdict(better!));
    expect(await stagesOf('approved')).toEqual(['CHAMPION', 'CHALLENGER']);
    await promotions.promote(say('approved'), 2);
    expect(await stagesOf('approved')).toEqual(['RETIRED', 'CHAMPION']);
    expect(await pendingOf('approved')).toEqual([]);
  });

  it('decline, which leaves a candidate that can be recommended again', async () => {
    const [champion, better] = await modelWith('declined', 1);
    await decide('declined', champion!, verdict(better!));
    const answers = await Promise.allSettled([
      promotions.declineRecommendation(say('declined'), 2),
      promotions.declineRecommendation(say('declined'), 2),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await pendingOf('declined')).toEqual([]);
    expect(await stagesOf('declined')).toEqual(['CHAMPION', 'CANDIDATE']);
    await expect(promotions.declineRecommendation(say('declined'), 2)).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await decide('declined', champion!, verdict(better!));
    expect(await pendingOf('declined')).toEqual([2]);
    expect(await ledgerOf('declined')).toEqual(['RECOMMENDED 2', 'DECLINED 2', 'RECOMMENDED 2']);
  });

  it('reject for good', async () => {
    const [champion, better] = await modelWith('rejected', 1);
    await decide('rejected', champion!, verdict(better!));
    await promotions.reject(say('rejected'), 2);
    expect(await pendingOf('rejected')).toEqual([]);
    expect(await stagesOf('rejected')).toEqual(['CHAMPION', 'REJECTED']);
  });

  it('are asked about the newest recommendation only', async () => {
    const [champion, better, best] = await modelWith('superseded', 2);
    await decide('superseded', champion!, verdict(better!));
    await decide('superseded', champion!, verdict(best!));
    expect(await pendingOf('superseded')).toEqual([3]);
    expect(await stagesOf('superseded')).toEqual(['CHAMPION', 'CANDIDATE', 'CHALLENGER']);
    expect(await ledgerOf('superseded')).toEqual(['RECOMMENDED 2', 'DECLINED 2', 'RECOMMENDED 3']);
  });

  it('can try a recommended version first, and still answer', async () => {
    const [champion, better] = await modelWith('tried', 1);
    await decide('tried', champion!, verdict(better!));
    const trial = { ...say('tried'), version: 2, kind: 'CANARY', share: 0.1 } as const;
    await challenges.start(trial);
    await challenges.end('tried', say('tried'));
    expect(await pendingOf('tried')).toEqual([2]);
    expect(await stagesOf('tried')).toEqual(['CHAMPION', 'CHALLENGER']);
    await challenges.start(trial);
    await promotions.declineRecommendation(say('tried'), 2);
    expect(await stagesOf('tried')).toEqual(['CHAMPION', 'CHALLENGER']);
    await challenges.end('tried', say('tried'));
    expect(await stagesOf('tried')).toEqual(['CHAMPION', 'CANDIDATE']);
  });

  it('decide in the mode of the moment of the decision', async () => {
    const [champion, better, best] = await modelWith('mode', 2);
    await setMode('mode', 'AUTOMATIC');
    await setMode('mode', 'MANUAL'); // While the gate compared.
    await decide('mode', champion!, verdict(better!));
    expect(await stagesOf('mode')).toEqual(['CHAMPION', 'CHALLENGER', 'CANDIDATE']);
    await setMode('mode', 'AUTOMATIC');
    await decide('mode', champion!, verdict(best!));
    expect(await stagesOf('mode')).toEqual(['RETIRED', 'CANDIDATE', 'CHAMPION']);
    expect(await ledgerOf('mode')).toEqual(['RECOMMENDED 2', 'DECLINED 2', 'PROMOTED 3']);
    expect(await pendingOf('mode')).toEqual([]);
  });

  it('find in the ledger why a gate gave up, once', async () => {
    const [champion, other] = await modelWith('stuck', 1);
    const { versionId, contestId } = verdict(other!);
    const giveUp = { versionId, contestId, reason: 'The gate could not decide: out of memory.' };
    await promotions.giveUp('stuck', giveUp);
    await promotions.giveUp('stuck', giveUp);
    expect(await decide('stuck', champion!, { ...verdict(other!), contestId })).toBe(true);
    expect(await ledgerOf('stuck')).toEqual(['DECLINED 2']);
    expect(await stagesOf('stuck')).toEqual(['CHAMPION', 'CANDIDATE']);
  });

  it('and all of them at once leave one champion, and a ledger that tells how it came to that', async () => {
    for (let round = 0; round < 5; round++) {
      const model = `raced-${round}`;
      const versions = await modelWith(model, 4);
      await setMode(model, 'AUTOMATIC');
      const verdicts = versions.slice(1, 4).map((version) => verdict(version));
      const answers = await Promise.allSettled([
        ...verdicts.map((decision) => judge(model, decision)),
        promotions.promote(say(model), 5),
        ...verdicts.map((decision) => judge(model, decision)), // A job may run twice.
        promotions.promote(say(model), 2),
        promotions.rollback(say(model)),
        promotions.reject(say(model), 3),
        promotions.promote(say(model), 4),
        promotions.rollback(say(model)),
      ]);
      for (const answer of answers) {
        if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'INVALID_STATE' });
      }
      await expectConsistent(model, verdicts);
    }
  });

  it('are in the ledger in the order in which they happened, though the clock of a host is ahead or behind', async () => {
    await modelWith('clocks', 3);
    const { now } = Date;
    try {
      for (const [version, shift] of [
        [2, HOUR_MS],
        [3, 0],
        [4, -HOUR_MS],
      ] as const) {
        Date.now = () => now() + shift;
        await promotions.promote(say('clocks'), version);
      }
    } finally {
      Date.now = now;
    }
    await expectConsistent('clocks', []);
    expect((await promotions.rollback(say('clocks'))).number).toBe(3);
    expect((await promotions.rollback(say('clocks'))).number).toBe(2);
  });

  /** As the gate does it: if another champion serves by now than the one it looked at, it looks again. */
  async function judge(model: string, decision: GateDecision): Promise<void> {
    const seen = async () => {
      const [row] = await database.query<{ id: string }>(
        `SELECT v.id FROM model_version v JOIN model m ON m.id = v.model_id WHERE m.name = $1 AND stage = 'CHAMPION'`,
        [model],
      );
      return row!.id;
    };
    while (!(await promotions.decide(model, await seen(), decision)));
  }

  /** Every change of the champion begins where the one before ended, and the last one names who serves. */
  async function expectConsistent(model: string, verdicts: readonly GateDecision[]): Promise<void> {
    const entries = await database.query<{ action: string; version: number; previous: number; contest: string | null }>(
      `SELECT action, version_number AS version, previous_number AS previous, contest_id AS contest
       FROM promotion WHERE model_name = $1 ORDER BY id`,
      [model],
    );
    let reigning = 1;
    for (const { action, version, previous } of entries) {
      expect(previous).toBe(reigning);
      if (action === 'PROMOTED' || action === 'ROLLED_BACK') reigning = version;
    }
    const stages = await stagesOf(model);
    expect(stages.map((stage, i) => (stage === 'CHAMPION' ? i + 1 : 0)).filter(Boolean)).toEqual([reigning]);
    const contests = entries.flatMap(({ contest }) => contest ?? []);
    expect(contests.sort()).toEqual(verdicts.map(({ contestId }) => contestId).sort());
  }

  it('roll back through a long ledger, champion by champion', async () => {
    await modelWith('long', 3);
    for (let round = 0; round < 60; round++) {
      for (const version of [2, 3, 4, 1]) await promotions.promote(say('long'), version);
    }
    await promotions.rollback(say('long'));
    await promotions.reject(say('long'), 3);
    expect(await stagesOf('long')).toEqual(['RETIRED', 'RETIRED', 'REJECTED', 'CHAMPION']);
    for (const expected of [2, 1, 4, 2]) {
      expect((await promotions.rollback(say('long'))).number).toBe(expected);
    }
  });
});
