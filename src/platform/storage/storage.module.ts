import { Global, Module } from '@nestjs/common';
import { CONFIG } from '../../config/config.module.js';
import { createObjectStore } from './create-object-store.js';
import { ObjectStore } from './object-store.js';

@Global()
@Module({
  providers: [{ provide: ObjectStore, inject: [CONFIG], useFactory: createObjectStore }],
  exports: [ObjectStore],
})
export class StorageModule {}
