import { Injectable, OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { onBoundedConnection } from '../database/bounded-connection.js';

const CHECK_TIMEOUT_MS = 2_000;

const ping = (manager: EntityManager): Promise<unknown> => manager.query('SELECT 1');

/** Whether this process should get traffic: after the boot, before the shutdown, and with a database that answers. */
@Injectable()
export class Readiness implements OnApplicationBootstrap, OnModuleDestroy {
  private phase: 'starting' | 'running' | 'stopping' = 'starting';

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  onApplicationBootstrap(): void {
    this.phase = 'running';
  }

  /** The first hook of a shutdown: jobs end in the next one, and that may take long. */
  onModuleDestroy(): void {
    this.phase = 'stopping';
  }

  /** What keeps the process from working; undefined if nothing does. */
  async problem(): Promise<string | undefined> {
    if (this.phase !== 'running') return `The process is ${this.phase}.`;
    const timeout = new Promise<never>((_, reject) => {
      setTimeout(reject, CHECK_TIMEOUT_MS).unref();
    });
    return Promise.race([onBoundedConnection(this.dataSource, CHECK_TIMEOUT_MS, ping), timeout]).then(
      () => undefined,
      () => 'The database does not answer. Check DATABASE_URL and the server behind it.',
    );
  }
}
