import { codeOf } from '../errors.js'
import { serve, type Steps } from '../workers/serve.js'
import { canonical } from './canonical.js'
import type { CanonicalPicture, DecodingRefusal } from './decoder.js'
import { pixelsOf } from './pixels.js'
import type { DecoderJob, DecoderResult } from './protocol.js'

// The far side of the decoder pool: one image a step.
serve(async function * (job: DecoderJob): Steps<DecoderResult> {
  const outcomes: (CanonicalPicture | Uint8Array | DecodingRefusal)[] = []
  for (const item of job.items) {
    try {
      outcomes.push(job.kind === 'canonical' ? await canonical(item, job.limits) : await pixelsOf(item, job.input))
    } catch (err) {
      if (codeOf(err) === 'HAMMINGBIRD_INTERNAL') throw err
      outcomes.push({ refused: codeOf(err), message: (err as Error).message })
    }
    yield outcomes.length
  }
  return outcomes
})
