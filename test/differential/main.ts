// npm run test:faiss: a million codes, found by us and by FAISS, which it installs first.
import { Faiss } from '../../bench/rivals/faiss.js'
import { sameAsFaiss } from './faiss.js'

await using faiss = Faiss.open()
for (const [distribution, count, bits] of [['clustered', 1e6, 64], ['uniform', 1e6, 64], ['clustered', 2e5, 128], ['clustered', 1e5, 256], ['clustered', 1e5, 24]] as const) {
  await sameAsFaiss(faiss, distribution, count, bits, 50)
  console.log(`the same as IndexBinaryFlat: ${distribution}, ${count} codes of ${bits} bits`)
}
