import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DatasetsModule } from '../datasets/datasets.module.js';
import { PageLinks } from '../platform/http/page-links.js';
import { ModelArtifacts } from './artifact/model-artifacts.js';
import { Approvals } from './approvals.service.js';
import { ApprovalsResolver } from './approvals.resolver.js';
import { Cards } from './card/cards.service.js';
import { CardsController } from './card/cards.controller.js';
import { ArtifactsWorker } from './artifacts.worker.js';
import { Challenge } from './challenge.entity.js';
import { Challenges } from './challenges.js';
import { ChallengesResolver } from './challenges.resolver.js';
import { LedgerFeed } from './ledger-feed.js';
import { Model } from './model.entity.js';
import { ModelRegistration } from './model-registration.js';
import { ModelRegistry } from './model-registry.js';
import { ModelsResolver } from './models.resolver.js';
import { ModelsService } from './models.service.js';
import { ModelChanges } from './model-changes.js';
import { ModelsSubscriptionsResolver } from './models.subscriptions.resolver.js';
import { ModelVersion } from './model-version.entity.js';
import { ModelVersionsResolver } from './model-versions.resolver.js';
import { Promotion } from './promotion.entity.js';
import { PromotionContest } from './promotion-contest.js';
import { PromotionLedger } from './promotion-ledger.js';
import { Promotions } from './promotions.js';

const SERVICES = [
  ModelRegistry,
  ModelArtifacts,
  ModelsService,
  ModelRegistration,
  PromotionLedger,
  Challenges,
  Approvals,
  Promotions,
  PromotionContest,
];

@Module({
  imports: [TypeOrmModule.forFeature([Model, ModelVersion, Promotion, Challenge]), DatasetsModule],
  providers: SERVICES,
  exports: SERVICES,
})
export class ModelsModule {}

/** Models, versions and the ledger in GraphQL, and model cards. */
@Module({
  imports: [ModelsModule, DatasetsModule, TypeOrmModule.forFeature([Promotion])],
  providers: [
    ModelsResolver,
    ModelVersionsResolver,
    ChallengesResolver,
    ApprovalsResolver,
    ModelsSubscriptionsResolver,
    ModelChanges,
    LedgerFeed,
    Cards,
    PageLinks,
  ],
  controllers: [CardsController],
})
export class ModelsApiModule {}

/** The removal of what deleted models leave behind. */
@Module({ imports: [ModelsModule], providers: [ArtifactsWorker] })
export class ModelsWorkerModule {}
