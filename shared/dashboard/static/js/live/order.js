// newer decides which of two snapshots of a job to show. Versions never go
// backwards on the page, however the answers overtake each other on their way;
// with equal versions the later clock wins, for the figures that follow from it.
export function newer(shown, arrived) {
  if (!shown) return arrived;
  if (arrived.version !== shown.version) return arrived.version > shown.version ? arrived : shown;
  return Date.parse(arrived.server_time) > Date.parse(shown.server_time) ? arrived : shown;
}
