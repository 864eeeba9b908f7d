import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { BinningRow } from './binning.entity.js';
import { Binnings } from './binnings.js';
import { Recount } from './recount.js';
import { WindowCompaction } from './window-compaction.js';
import { WindowCounts } from './window-counts.js';

const SERVICES = [Binnings, WindowCounts, WindowCompaction, Recount];

/** Counts of what was predicted, for those who watch. Needs nothing but the database. */
@Module({
  imports: [TypeOrmModule.forFeature([BinningRow])],
  providers: SERVICES,
  exports: SERVICES,
})
export class CountsModule {}
