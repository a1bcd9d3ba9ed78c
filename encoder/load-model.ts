import { HammingbirdError } from '../errors.js'
import type { Manifest } from '../registry/manifest.js'
import { CLASSICAL, classicalModel } from './classical.js'
import type { Model } from './model.js'

/**
 * Loads the model of a manifest. TensorFlow is loaded with the first that needs it.
 *
 * @param step awaited at least every 50 ms.
 * @throws HammingbirdError `HAMMINGBIRD_MODEL_INVALID`
 */
export async function loadModel (manifest: Manifest, directory: string | undefined, step: () => Promise<void>): Promise<Model> {
  if (manifest.network === CLASSICAL) return classicalModel(manifest)
  if (directory === undefined) throw new HammingbirdError('HAMMINGBIRD_MODEL_INVALID', `a model of network ${manifest.network} has files: their directory is missing`)
  const { loadSession } = await import('./session.js')
  return await loadSession(manifest, directory, { step })
}
