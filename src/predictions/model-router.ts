import { Injectable, OnModuleInit } from '@nestjs/common';
import { ModelRegistry, type Route, VersionSelector } from '../models/model-registry.js';
import { answerInTime } from '../platform/database/answer-in-time.js';
import type { Change } from '../platform/events/change.js';
import { ChangeListener, type ChangeReader } from '../platform/events/change-listener.js';

/**
 * A route is believed for so long after it was read, or after the last sign that its change would have been heard of.
 * With the time to read it again, a promotion is visible on every replica within a second, whatever became of notices.
 */
const STALENESS_MS = 800;
/** And no longer than this where a pooler may swallow notices and keep the connection alive. */
const LONGEST_POOLED_BELIEF_MS = 30_000;
const MAX_ROUTES = 10_000;

interface KnownRoute {
  readonly readAt: number;
  readonly route: Promise<Route>;
  /** Unknown while the route is being read. */
  modelId?: string;
}

/** Finds who answers a request, from memory until the database announces a change. */
@Injectable()
export class ModelRouter implements OnModuleInit, ChangeReader {
  private readonly routes = new Map<string, KnownRoute>();

  constructor(
    private readonly registry: ModelRegistry,
    private readonly changes: ChangeListener,
  ) {}

  onModuleInit(): void {
    this.changes.add('route', this);
  }

  /** @throws AppError as {@link ModelRegistry.route} does; failures are not remembered. */
  resolve(selector: VersionSelector): Promise<Route> {
    const { model, version, algorithm, stage } = selector;
    const key = JSON.stringify([model, version, algorithm, stage]);
    const known = this.routes.get(key);
    const now = performance.now();
    if (known && this.isBelieved(known, now)) return known.route;
    // Routes are cheap to find again, so a full table is simply emptied.
    if (this.routes.size >= MAX_ROUTES) this.routes.clear();
    const fresh: KnownRoute = { readAt: now, route: answerInTime(this.registry.route(selector)) };
    this.routes.set(key, fresh);
    fresh.route.then(
      ({ version: { modelId } }) => (fresh.modelId = modelId),
      () => {
        if (this.routes.get(key) === fresh) this.routes.delete(key);
      },
    );
    return fresh.route;
  }

  /** Forgets the model's routes, and those being read at this moment: they may be as it was before. */
  offer({ id: modelId }: Change): void {
    for (const [key, known] of this.routes) {
      if (known.modelId === undefined || known.modelId === modelId) this.routes.delete(key);
    }
  }

  reload(): void {
    this.routes.clear();
  }

  private isBelieved({ readAt }: KnownRoute, now: number): boolean {
    if (now - Math.max(readAt, this.changes.heardAt) >= STALENESS_MS) return false;
    return this.changes.isDirect || now - readAt < LONGEST_POOLED_BELIEF_MS;
  }
}
