import { randomBytes } from 'node:crypto';
import { Injectable, OnModuleInit } from '@nestjs/common';
import { hash, parseOptions, verify } from '@node-rs/argon2';

/** argon2id (the library's default variant), at the least strength that OWASP recommends. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Hashes and verifies passwords; the work runs off the event loop. */
@Injectable()
export class PasswordHashes implements OnModuleInit {
  private decoy = '';

  async onModuleInit(): Promise<void> {
    this.decoy = await this.create(randomBytes(16).toString('hex'));
  }

  create(password: string): Promise<string> {
    return hash(password.normalize('NFKC'), PARAMETERS);
  }

  /** Takes as long without a stored hash, so that time doesn't tell whether an account exists. */
  async matches(stored: string | undefined, password: string): Promise<boolean> {
    const isRight = await verify(stored ?? this.decoy, password.normalize('NFKC'));
    return isRight && stored !== undefined;
  }
}

/** Whether a hash was made with lower parameters than today's. */
export function isOutdated(stored: string): boolean {
  const used = parseOptions(stored);
  return used.memoryCost < PARAMETERS.memoryCost || used.timeCost < PARAMETERS.timeCost;
}
