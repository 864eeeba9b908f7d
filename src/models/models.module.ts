import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ModelArtifacts } from './artifact/model-artifacts.js';
import { Model } from './model.entity.js';
import { ModelRegistry } from './model-registry.js';
import { ModelVersion } from './model-version.entity.js';
import { Promotion } from './promotion.entity.js';

@Module({
  imports: [TypeOrmModule.forFeature([Model, ModelVersion, Promotion])],
  providers: [ModelRegistry, ModelArtifacts],
  exports: [ModelRegistry, ModelArtifacts],
})
export class ModelsModule {}
