import type { MercuriusDriverConfig } from '@nestjs/mercurius';
import { checkCost, checkShape, checkText, type Variables } from './query-limits.js';

/**
 * Applies the limits at the stages of a request. Those that need no variables come before validation, whose own cost
 * they bound; documents in Mercurius's cache have passed them.
 */
export const limitHooks: NonNullable<MercuriusDriverConfig['hooks']> = {
  preParsing: (_schema, text) => {
    checkText(text);
  },
  preValidation: (_schema, document) => {
    checkShape(document);
  },
  preExecution: (schema, document, _context, variables: Variables | undefined = {}) => {
    checkCost(document, schema, variables);
  },
};
