import type { WorkerStatus } from '../proto/gen/hammingbird/v1/catalog.js'
import type { WorkerPoolStatus } from '../workers/pool.js'

/** A pool of workers as `status` shows it. */
export function workerStatus (kind: string, { running, done, lost, broken }: WorkerPoolStatus, backend: string): WorkerStatus {
  return { kind, running, done, lost, backend: broken === undefined ? backend : `cannot be started: ${broken}` }
}
