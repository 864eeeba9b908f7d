/** A page may style itself with this one sheet, and nothing else: no script, no picture from elsewhere, no frame around it. */
export function pagePolicy(styleHash: string): string {
  return `default-src 'none'; style-src ${styleHash}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
}
