import { SetMetadata } from '@nestjs/common';

/** Metadata under which a handler declares who may call it; the guard in `auth` reads it. */
export const ACCESS_METADATA = 'boucle:access';

/** Open to everybody, signed in or not. */
export const Public = () => SetMetadata(ACCESS_METADATA, { kind: 'public' });
