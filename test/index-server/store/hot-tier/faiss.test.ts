import test from 'ava'
import { Faiss } from '../../../../bench/rivals/faiss.js'
import { sameAsFaiss } from '../../../differential/faiss.js'

test('hot tier: finds what FAISS finds', async t => {
  if (Faiss.installed()) {
    await using faiss = Faiss.open()
    await sameAsFaiss(faiss, 'clustered', 20_000, 64, 20)
    await sameAsFaiss(faiss, 'uniform', 5000, 136, 10)
  } else {
    t.log('not run: FAISS is not in .cache/faiss; `npm run test:faiss` puts it there, and asks much more')
  }
  t.pass()
})
