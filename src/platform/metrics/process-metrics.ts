import { Inject, Injectable, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Pool } from 'pg';
import { Gauge, register } from 'prom-client';
import { DataSource } from 'typeorm';
import { programVersion } from '../program-version.js';

const INFO = 'boucle_info';
const POOL = 'boucle_database_pool_connections';
export const METRICS_ROLE = Symbol('role named in metrics');

/** What kind of process this is, and how busy its connections to the database are. */
@Injectable()
export class ProcessMetrics implements OnModuleInit, OnApplicationShutdown {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(METRICS_ROLE) private readonly role: string,
  ) {}

  async onModuleInit(): Promise<void> {
    const { version } = await programVersion();
    const info = new Gauge({ name: INFO, help: 'Always 1: the role and the version', labelNames: ['role', 'version'] });
    info.set({ role: this.role, version }, 1);
    const pool = (this.dataSource.driver as unknown as { readonly master: Pool }).master;
    new Gauge({
      name: POOL,
      help: 'Connections of the pool: in use, idle; and waiting, what waits for one',
      labelNames: ['state'],
      collect() {
        this.set({ state: 'used' }, pool.totalCount - pool.idleCount);
        this.set({ state: 'idle' }, pool.idleCount);
        this.set({ state: 'waiting' }, pool.waitingCount);
      },
    });
  }

  onApplicationShutdown(): void {
    for (const name of [INFO, POOL]) register.removeSingleMetric(name);
  }
}
