import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ChangeFeed } from './change-feed.js';
import { ChangeListener } from './change-listener.js';
import { EventLog } from './event-log.js';
import { LoggedEvent } from './logged-event.entity.js';

/** Telling what happened, in every role. */
@Global()
@Module({
  imports: [TypeOrmModule.forFeature([LoggedEvent])],
  providers: [EventLog, ChangeFeed],
  exports: [EventLog, ChangeFeed],
})
export class EventsModule {}

/** Hearing of changes, in the role that serves subscriptions. */
@Global()
@Module({ providers: [ChangeListener], exports: [ChangeListener] })
export class ChangeListenerModule {}
