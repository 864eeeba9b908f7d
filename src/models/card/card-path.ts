/** Where a model card is opened by a link. Names of models need no escaping. */
export function cardPath(model: string, version: string | number): string {
  return `/models/${model}/versions/${version}/card/page`;
}
