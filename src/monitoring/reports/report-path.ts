/** Where the page of a report is opened by a link. */
export function reportPath(reportId: string): string {
  return `/reports/${reportId}/page`;
}
