import type { ErrorCode } from '../errors.js'

/**
 * What passes between a process of ours and its workers (child processes: decoders, encoders). Each request is
 * answered once, under its `id`, in any order. Bytes travel as they are (structured clone over the channel).
 *
 * `Job` and `Result` belong to the kind of worker; the frame around them is the same for all.
 */
export interface WorkerRequest<Job> {
  readonly id: number
  /** Between two steps a worker goes on with the job of the lowest lane. */
  readonly lane: number
  readonly job: Job
}

/**
 * Sent before a request to a worker that is at work. A large request takes many reads, and a worker reads only between its
 * steps: told of one, it reads until it is there, so that what is behind it, the job of a query, need not wait for long.
 */
export interface WorkerNotice {
  readonly id: number
  readonly kind: 'coming'
}

export type WorkerReply<Result> =
  | { readonly id: number, readonly kind: 'done', readonly result: Result, readonly rssBytes: number }
  | { readonly id: number, readonly kind: 'failed', readonly code: ErrorCode, readonly message: string, readonly rssBytes: number }
  /**
   * Work on `id` goes on: sent between steps, so that a slow batch is told from a hanging one. The first `behind` items
   * of the job are dealt with: what kills or hangs is not among them.
   */
  | { readonly id: number, readonly kind: 'step', readonly behind: number }
  /** Sent once, before anything else: the worker can take jobs. */
  | { readonly id: 0, readonly kind: 'ready' }
