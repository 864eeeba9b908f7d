import { Injectable } from '@nestjs/common';
import { ModelRegistry, ServableVersion, VersionSelector } from '../models/model-registry.js';

/** How long a route is believed: a promotion is visible on every replica after this time at the latest. */
const STALENESS_MS = 1_000;
const MAX_ROUTES = 10_000;

interface Route {
  readonly until: number;
  readonly version: Promise<ServableVersion>;
}

/** Finds the version that answers a request, from memory for a second at a time. */
@Injectable()
export class ModelRouter {
  private routes = new Map<string, Route>();

  constructor(private readonly registry: ModelRegistry) {}

  /** @throws AppError as {@link ModelRegistry.resolve} does; failures are not remembered. */
  resolve(selector: VersionSelector): Promise<ServableVersion> {
    const { model, version, algorithm, stage } = selector;
    const key = JSON.stringify([model, version, algorithm, stage]);
    const known = this.routes.get(key);
    const now = performance.now();
    if (known && known.until > now) return known.version;
    // Routes are cheap to find again, so a full table is simply emptied.
    if (this.routes.size >= MAX_ROUTES) this.routes.clear();
    const route: Route = { until: now + STALENESS_MS, version: this.registry.resolve(selector) };
    this.routes.set(key, route);
    route.version.catch(() => {
      if (this.routes.get(key) === route) this.routes.delete(key);
    });
    return route.version;
  }
}
