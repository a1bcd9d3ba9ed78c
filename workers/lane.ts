/**
 * Who waits for an answer, the most urgent first. A pool gives its workers the work of the first lane that has any; a
 * worker turns to a more urgent job between two steps, so that a query never waits behind a backfill.
 */
export const LANES = ['query', 'live', 'previous', 'backfill'] as const
export type Lane = typeof LANES[number]
