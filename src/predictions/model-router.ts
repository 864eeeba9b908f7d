import { Injectable } from '@nestjs/common';
import { answerInTime } from '../platform/database/answer-in-time.js';
import { ModelRegistry, type Route, VersionSelector } from '../models/model-registry.js';

/** How long a route is believed: a promotion is visible on every replica after this time at the latest. */
const STALENESS_MS = 1_000;
const MAX_ROUTES = 10_000;

interface KnownRoute {
  readonly until: number;
  readonly route: Promise<Route>;
}

/** Finds who answers a request, from memory for a second at a time. */
@Injectable()
export class ModelRouter {
  private routes = new Map<string, KnownRoute>();

  constructor(private readonly registry: ModelRegistry) {}

  /** @throws AppError as {@link ModelRegistry.route} does; failures are not remembered. */
  resolve(selector: VersionSelector): Promise<Route> {
    const { model, version, algorithm, stage } = selector;
    const key = JSON.stringify([model, version, algorithm, stage]);
    const known = this.routes.get(key);
    const now = performance.now();
    if (known && known.until > now) return known.route;
    // Routes are cheap to find again, so a full table is simply emptied.
    if (this.routes.size >= MAX_ROUTES) this.routes.clear();
    const fresh: KnownRoute = { until: now + STALENESS_MS, route: answerInTime(this.registry.route(selector)) };
    this.routes.set(key, fresh);
    fresh.route.catch(() => {
      if (this.routes.get(key) === fresh) this.routes.delete(key);
    });
    return fresh.route;
  }
}
