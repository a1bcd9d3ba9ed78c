import type { HammingbirdClient } from '../client/index.js'
import { codeOf } from '../errors.js'

/** Whether an image is searchable by its id. */
export async function isFound (client: HammingbirdClient, id: string): Promise<boolean> {
  try {
    await client.search({ id, k: 1 })
    return true
  } catch (err) {
    if (codeOf(err) === 'HAMMINGBIRD_NOT_FOUND' || codeOf(err) === 'HAMMINGBIRD_VERSION_NOT_READY') return false
    throw err
  }
}
