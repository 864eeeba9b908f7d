import { Global, Module } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { FileObjectStore } from './file-object-store.js';
import { ObjectStore } from './object-store.js';

@Global()
@Module({
  providers: [
    {
      provide: ObjectStore,
      inject: [CONFIG],
      useFactory: (config: Config) => new FileObjectStore(config.STORAGE_URL),
    },
  ],
  exports: [ObjectStore],
})
export class StorageModule {}
