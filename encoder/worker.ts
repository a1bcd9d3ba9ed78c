import { HammingbirdError } from '../errors.js'
import { serve } from '../workers/serve.js'
import { inSteps } from './in-steps.js'
import { loadModel } from './load-model.js'
import type { Model } from './model.js'
import type { EncoderJob, EncoderResult } from './protocol.js'

// The far side of the encoder pool: holds every model that is wanted, and encodes in steps.
const models = new Map<string, Model>()

serve(async function * (job: EncoderJob): AsyncGenerator<number, EncoderResult, void> {
  switch (job.kind) {
    case 'load': {
      const loaded = models.get(job.model) ?? (yield * inSteps(step => loadModel(job.manifest, job.directory, step)))
      models.set(job.model, loaded)
      return { kind: 'loaded', backend: loaded.backend }
    }
    case 'unload':
      models.get(job.model)?.dispose()
      models.delete(job.model)
      return { kind: 'unloaded' }
    case 'encode': {
      const model = models.get(job.model)
      if (model === undefined) throw new HammingbirdError('HAMMINGBIRD_VERSION_NOT_READY', `model ${job.model} is not loaded`)
      return { kind: 'encoded', ...yield * inSteps(step => model.encode(job.pixels, job.count, { outputs: job.outputs }, step)) }
    }
  }
})
