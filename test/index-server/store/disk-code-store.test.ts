import test from 'ava'
import type { CodeChange } from '../../../index-server/store/code-store.js'
import { DiskCodeStore } from '../../../index-server/store/disk-code-store.js'
import type { CodeRecord } from '../../../index-server/store/keys/code-record.js'
import { VersionTables, chunksOnDisk } from '../../../index-server/store/version-tables.js'
import type { KeyValue, Operation } from '../../../kv/key-value.js'
import { MemoryKeyValue } from '../../fixtures/memory-key-value.js'
import { temporaryRocks } from '../../fixtures/rocks-directory.js'
import { codeStoreSuite, type CodeStoreSettings, type CodeStoreUnderTest } from '../../suites/code-store.js'

let tables = 0
let opening: ReturnType<typeof temporaryRocks> | undefined
test.after.always(async () => { await (await opening)?.[Symbol.asyncDispose]() })

codeStoreSuite('disk code store', settings => openOn(new MemoryKeyValue(), settings))
codeStoreSuite('disk code store on RocksDB', async settings => {
  opening ??= temporaryRocks()
  return openOn((await opening).kv, settings)
}, 20)

/** Each store has tables of its own; pages of 8 codes, so that histories of dozens of codes fill some. */
async function openOn (kv: KeyValue, { bits, chunks = chunksOnDisk(bits) }: CodeStoreSettings): Promise<CodeStoreUnderTest> {
  const store = new DiskCodeStore(await VersionTables.open(kv, { number: ++tables, bits, chunks, pageCodes: 8 }, 0))
  return {
    store,
    apply: async changes => {
      const operations: Operation[] = []
      const [added, removed] = [changes.filter(({ kind }) => kind === 'add'), changes.filter(({ kind }) => kind === 'remove')]
      store.stage(added.map(recordOf), removed.map(change => ({ ordinal: change.ordinal, record: recordOf(change) })), operations)
      await kv.write(operations)
      store.apply(changes)
    },
    [Symbol.asyncDispose]: () => store.close()
  }
}

function recordOf ({ ordinal, code }: CodeChange): CodeRecord {
  return { id: `image-${ordinal}`, partition: ordinal % 3, itemOffset: ordinal * 2, code, detail: undefined }
}
