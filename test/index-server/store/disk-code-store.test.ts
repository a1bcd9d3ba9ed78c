import type { CodeChange } from '../../../index-server/store/code-store.js'
import { DiskCodeStore } from '../../../index-server/store/disk-code-store.js'
import type { CodeRecord } from '../../../index-server/store/keys/code-record.js'
import { VersionTables, chunksOnDisk } from '../../../index-server/store/version-tables.js'
import type { Operation } from '../../../kv/key-value.js'
import { MemoryKeyValue } from '../../fixtures/memory-key-value.js'
import { codeStoreSuite, type CodeStoreUnderTest } from '../../suites/code-store.js'

// Pages of 8 codes, so that histories of dozens of codes fill some.
codeStoreSuite('disk code store', async ({ bits, chunks = chunksOnDisk(bits) }): Promise<CodeStoreUnderTest> => {
  const kv = new MemoryKeyValue()
  const store = new DiskCodeStore(await VersionTables.open(kv, { number: 1, bits, chunks, pageCodes: 8 }, 0))
  return {
    store,
    apply: async changes => {
      const operations: Operation[] = []
      store.stage(changes.filter(({ kind }) => kind === 'add').map(recordOf), changes.filter(({ kind }) => kind === 'remove').map(change => ({ ordinal: change.ordinal, record: recordOf(change) })), operations)
      await kv.write(operations)
      store.apply(changes)
    },
    [Symbol.asyncDispose]: () => store.close()
  }
})

function recordOf ({ ordinal, code }: CodeChange): CodeRecord {
  return { id: `image-${ordinal}`, partition: ordinal % 3, itemOffset: ordinal * 2, code, detail: undefined }
}
