import DataLoader from 'dataloader';

/** Loads many keys at once; keys without a value are absent from the map. */
export type LoadMany<Value> = (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>;

const loaders = new WeakMap<object, Map<string, DataLoader<string, unknown>>>();

/**
 * Loads one value through a DataLoader that lives as long as the request, so that a field resolved for every item of a
 * list costs one query. For a WebSocket it remembers nothing: that request lives for hours.
 * @param name the same for all calls that may share a batch.
 */
export async function loadInBatch<Value>(
  request: object,
  name: string,
  loadMany: LoadMany<Value>,
  key: string,
): Promise<Value | undefined> {
  const ofRequest = loaders.get(request) ?? new Map<string, DataLoader<string, unknown>>();
  loaders.set(request, ofRequest);
  const known = ofRequest.get(name) as DataLoader<string, Value | undefined> | undefined;
  const options = { cache: (request as { readonly ws?: unknown }).ws !== true };
  const loader = known ?? new DataLoader<string, Value | undefined>((keys) => inOrder(keys, loadMany), options);
  ofRequest.set(name, loader);
  return loader.load(key);
}

async function inOrder<Value>(keys: readonly string[], loadMany: LoadMany<Value>): Promise<(Value | undefined)[]> {
  const values = await loadMany(keys);
  return keys.map((key) => values.get(key));
}
