import type { OpenCodes } from '../version-codes.js'
import { HotCodeStore } from './hot-code-store.js'
import { builtBytesPerCode } from './slab.js'
import type { Threads } from './threads.js'

export interface HotCodesOptions {
  /** The process's threads: who opened them closes them, after the stores. */
  readonly threads: Threads
  /** What all versions together may take in memory (`--index-memory`). */
  readonly memoryBytes: number
  /** Told while a version is loaded. @default nobody */
  readonly onProgress?: (loading: { readonly collection: string, readonly version: string, readonly loaded: number, readonly count: number }) => void
  /** Told when a merge failed: nothing is lost, and it is tried again. @default nobody */
  readonly onMergeError?: (err: unknown) => void
}

/**
 * Opens versions in memory, in front of the disk, while they fit: each with room for a second slab, in which it is
 * rebuilt. One that does not fit is answered from the disk.
 */
export function hotCodes ({ threads, memoryBytes, onProgress, onMergeError }: HotCodesOptions): OpenCodes {
  const open = new Set<HotCodeStore>()
  return async ({ collection, version, bits, disk, load }) => {
    const heldBytes = [...open].reduce((sum, store) => sum + store.heldBytes, 0)
    if (heldBytes + 2 * disk.count * builtBytesPerCode(bits) > memoryBytes) return disk
    const { count } = disk
    let loaded = 0
    const told = async function * () {
      for await (const run of load()) {
        yield run
        loaded += run.ordinals.length
        onProgress?.({ collection, version, loaded, count })
      }
    }
    const store = await HotCodeStore.open({ bits, threads, ...onMergeError && { onMergeError } }, told())
    open.add(store)
    store.closed.then(() => open.delete(store))
    return store
  }
}
