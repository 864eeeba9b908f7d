/** The model serves, but its predictions can't be divided among its input columns; the message says why. */
export class UnexplainableError extends Error {
  override readonly name = 'UnexplainableError';
}
