/** When a UUIDv7 was made, by the clock of whoever made it: its first 48 bits are the time in milliseconds. */
export function timeOfId(id: string): Date {
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));
}
