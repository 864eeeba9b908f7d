import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, EntityManager } from 'typeorm';
import type { Verdict } from '../../ml/statistics/drift/verdict.js';
import { ModelRegistry } from '../../models/model-registry.js';
import type { Model } from '../../models/model.entity.js';
import { databaseTime } from '../../platform/database/database-time.js';
import { Champions, type Reign, type WatchedVersion } from '../checks/champions.js';
import { checkWindow } from '../checks/check-window.js';
import { Examinations } from '../checks/examinations.js';
import { decisionInputs } from '../decisions/decision-inputs.js';
import { decide } from '../decisions/retrain-rule.js';
import { RetrainingCosts } from '../decisions/retraining-costs.js';
import type { DecisionVerdict, RetrainingTrigger } from '../decisions/retrain-rule.types.js';
import { Policies } from '../policies/policies.service.js';
import { DEFAULT_SETTINGS } from '../policies/policy-input.js';
import type { PolicySettings } from '../policies/policy-settings.js';
import { reportOf } from '../reports/report.js';
import { ReplayMemory } from './replay-memory.js';
import { ticksBetween } from './replay-ticks.js';

const MONTH_MS = 30 * 86_400_000;

export interface ReplayOrder {
  readonly model: string;
  readonly from: Date;
  readonly to: Date;
  /** Undefined: those of the model's policy, or the defaults. */
  readonly settings: PolicySettings | undefined;
}

/** What the policy would have made of one tick. */
export interface ReplayedCheck {
  readonly tick: Date;
  readonly version: number;
  readonly from: Date;
  readonly to: Date;
  readonly rows: number;
  readonly verdict: Verdict;
  readonly drifted: readonly string[];
  readonly decision: DecisionVerdict;
  readonly trigger: RetrainingTrigger | null;
  readonly reason: string;
  /** Whether the counts have been merged so far by now that a live check saw another window. */
  readonly approximate: boolean;
}

/** The version that served at a tick. */
interface Served {
  readonly version: WatchedVersion;
  readonly since: Date;
}

interface Replay {
  readonly model: Model;
  readonly settings: PolicySettings;
  readonly now: Date;
  readonly memory: ReplayMemory;
}

/** Runs a policy over logged history. Writes nothing, and holds no transaction: each tick reads for itself. */
@Injectable()
export class Replays {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly registry: ModelRegistry,
    private readonly policies: Policies,
    private readonly champions: Champions,
    private readonly examinations: Examinations,
    private readonly costs: RetrainingCosts,
  ) {}

  /** @throws AppError BAD_INPUT for settings that make no sense and for too many ticks; NOT_FOUND for the model. */
  async run({ model: name, from, to, settings: given }: ReplayOrder): Promise<ReplayedCheck[]> {
    const { manager } = this.dataSource;
    const model = await this.registry.modelByName(name);
    if (given) await this.policies.check(manager, model, given);
    const present = (await this.policies.ofModels([model.id])).get(model.id)?.settings;
    // Outcomes have come since then, so what their quality was at a tick can't be known any more.
    const settings = { ...(given ?? present ?? DEFAULT_SETTINGS), quality: null };
    const now = await databaseTime(manager);
    const replay: Replay = { model, settings, now, memory: new ReplayMemory() };
    const reigns = await this.champions.reigns(manager, model.id, from, to);
    const versions = await this.versionsOf(manager, reigns);
    const checks: ReplayedCheck[] = [];
    for (const tick of ticksBetween(settings, from, to < now ? to : now)) {
      const reign = reigns.findLast(({ since }) => since <= tick);
      const version = reign && versions.get(reign.versionId);
      if (version) checks.push(await this.check(replay, tick, { version, since: reign.since }));
    }
    return checks;
  }

  private async versionsOf(manager: EntityManager, reigns: readonly Reign[]): Promise<Map<string, WatchedVersion>> {
    const versions = new Map<string, WatchedVersion>();
    for (const id of new Set(reigns.map(({ versionId }) => versionId))) {
      const version = await this.champions.version(manager, id);
      if (version) versions.set(id, version);
    }
    return versions;
  }

  private async check(
    { model, settings, now, memory }: Replay,
    tick: Date,
    { version, since }: Served,
  ): Promise<ReplayedCheck> {
    const { manager } = this.dataSource;
    const window = checkWindow(tick, settings.windowSeconds, now, since);
    const live = checkWindow(tick, settings.windowSeconds, tick, since);
    const order = { version, servesSince: since, window, settings };
    const examination = { ...(await this.examinations.compare(manager, order)), quality: null };
    const report = reportOf({ id: '', model: model.name, version, window, createdAt: tick, settings, examination });
    const { verdict, rows } = report;
    const cost = this.costs.ofNext(model, settings);
    const replayed = { versionId: version.id, ...window, verdict };
    const inputs = decisionInputs({
      at: tick,
      settings,
      report,
      verdictsBefore: settings.persistence ? memory.verdictsBefore(replayed, settings.persistence.n) : [],
      trainedAt: version.createdAt,
      past: memory.past,
      cost: cost && { ...cost, spent: memory.retrainingsSince(tick.getTime() - MONTH_MS) * (cost.most ?? 0) },
    });
    const { verdict: decision, trigger, reason } = decide(inputs);
    memory.addWindow(replayed);
    if (decision === 'RETRAIN') memory.addRetraining(tick);
    const { drifted } = inputs.window;
    const approximate = window.from.getTime() !== live.from.getTime() || window.to.getTime() !== live.to.getTime();
    return { tick, version: version.number, ...window, rows, verdict, drifted, decision, trigger, reason, approximate };
  }
}
