import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { HammingbirdError, type ErrorCode } from '../errors.js'
import type { ItqFit, ItqOptions } from './itq.js'

/** What the thread is given. */
export interface ItqQuestion {
  readonly features: Float32Array
  readonly dims: number
  readonly options: ItqOptions
}

export type ItqAnswer = { readonly fit: ItqFit } | { readonly code: ErrorCode, readonly message: string }

/**
 * `fitItq` in a thread of its own: it computes for some ten seconds in one go, in which this one would hear nobody.
 *
 * @param features given away: they are empty afterwards.
 * @param signal ends it, with its reason.
 */
export async function fitItqAside (features: Float32Array<ArrayBuffer>, dims: number, options: ItqOptions, signal?: AbortSignal): Promise<ItqFit> {
  signal?.throwIfAborted()
  const thread = new Worker(new URL('./itq-thread.js', import.meta.url), { workerData: { features, dims, options } satisfies ItqQuestion, transferList: [features.buffer] })
  try {
    const [answer] = await once(thread, 'message', signal === undefined ? {} : { signal }) as [ItqAnswer]
    if ('fit' in answer) return answer.fit
    throw new HammingbirdError(answer.code, answer.message)
  } catch (err) {
    signal?.throwIfAborted()
    throw err
  } finally {
    await thread.terminate()
  }
}
