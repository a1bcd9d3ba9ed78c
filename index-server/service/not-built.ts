import { HammingbirdError } from '../../errors.js'

/**
 * Stands where the engine has no function for an rpc yet: the caller is told what it will do.
 *
 * @param sentence begins with the rpc's name and says what it does, without a full stop.
 */
export function notBuilt (sentence: string): () => never {
  return () => {
    throw new HammingbirdError('HAMMINGBIRD_NOT_BUILT', `not built yet: ${sentence}`)
  }
}
