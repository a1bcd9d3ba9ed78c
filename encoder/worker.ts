import { HammingbirdError } from '../errors.js'
import { serve, type Steps } from '../workers/serve.js'
import { inSteps } from './in-steps.js'
import { loadModel } from './load-model.js'
import type { Model } from './model.js'
import type { EncoderJob, EncoderResult } from './protocol.js'

/** A model under the name it was loaded by, and how many jobs are in the midst of using it. */
interface Loaded {
  readonly model: Promise<Model>
  users: number
  unloaded: boolean
}

const models = new Map<string, Loaded>()

// The far side of the encoder pool. Between two steps of one job another may run: that of a query, before a backfill's.
serve(async function * (job: EncoderJob): Steps<EncoderResult> {
  if (job.kind === 'unload') {
    unload(job.model)
    return { kind: 'unloaded' }
  }
  if (job.kind === 'load') {
    const before = models.get(job.model)
    if (before !== undefined) yield { until: before.model }
    const { backend } = await models.get(job.model)?.model ?? (yield * load(job))
    return { kind: 'loaded', backend }
  }
  const loaded = models.get(job.model)
  if (loaded === undefined) throw new HammingbirdError('HAMMINGBIRD_VERSION_NOT_READY', `${job.model} is not loaded`)
  loaded.users++
  try {
    yield { until: loaded.model }
    const model = await loaded.model
    const encoded = yield * inSteps(step => model.encode(job.pixels, job.count, { outputs: job.outputs }, step))
    return { kind: 'encoded', ...encoded }
  } finally {
    loaded.users--
    disposeUnused(loaded)
  }
})

async function * load ({ model: name, manifest, directory }: EncoderJob & { readonly kind: 'load' }): Steps<Model> {
  return yield * inSteps(step => {
    const loaded: Loaded = { model: loadModel(manifest, directory, step), users: 0, unloaded: false }
    models.set(name, loaded)
    loaded.model.catch(() => { if (models.get(name) === loaded) models.delete(name) })
    return loaded.model
  })
}

function unload (name: string): void {
  const loaded = models.get(name)
  if (loaded === undefined) return
  models.delete(name)
  loaded.unloaded = true
  disposeUnused(loaded)
}

function disposeUnused (loaded: Loaded): void {
  if (!loaded.unloaded || loaded.users > 0) return
  loaded.model.then(model => model.dispose(), () => {}) // what failed to load has nothing to free
}
