import { Global, Module } from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { FileObjectStore } from './file-object-store.js';
import { ObjectStore } from './object-store.js';
import { S3ObjectStore } from './s3/s3-object-store.js';

@Global()
@Module({
  providers: [
    {
      provide: ObjectStore,
      inject: [CONFIG],
      useFactory: (config: Config): ObjectStore =>
        config.STORAGE_URL.startsWith('s3:')
          ? new S3ObjectStore(config.STORAGE_URL, config)
          : new FileObjectStore(config.STORAGE_URL),
    },
  ],
  exports: [ObjectStore],
})
export class StorageModule {}
