import test from 'ava'
import { HotCodeStore } from '../../../../index-server/store/hot-tier/hot-code-store.js'
import { Threads } from '../../../../index-server/store/hot-tier/threads.js'
import { codeStoreSuite } from '../../../suites/code-store.js'

const threads = Threads.open(2)
test.after.always(() => threads.close())

/** Chunks of up to 12 bits: a table of wider ones has more buckets than a test has time for. */
function cut (bits: number, chunks: number | undefined): number | undefined {
  return chunks === undefined ? undefined : Math.max(chunks, Math.ceil(bits / 12))
}

codeStoreSuite('hot tier, in the tail', async ({ bits, chunks }) => {
  const store = await HotCodeStore.open({ bits, chunks: cut(bits, chunks), threads })
  return { store, apply: async changes => store.apply(changes), [Symbol.asyncDispose]: () => store.close() }
})

codeStoreSuite('hot tier, merged after each change', async ({ bits, chunks }) => {
  const store = await HotCodeStore.open({ bits, chunks: cut(bits, chunks), threads })
  return {
    store,
    apply: async changes => {
      store.apply(changes)
      await store.compact()
    },
    [Symbol.asyncDispose]: () => store.close()
  }
})

codeStoreSuite('hot tier, merged while it is searched', async ({ bits, chunks }) => {
  const store = await HotCodeStore.open({ bits, chunks: cut(bits, chunks), threads, tailCodes: 3 })
  return { store, apply: async changes => store.apply(changes), [Symbol.asyncDispose]: () => store.close() }
})
