import { drawn } from '../../trainer/datasets/drawn.js'
import type { Protocol } from './protocol.js'

/** The drawn set: several labels a picture, needs no data. For tests, and to see at once whether something learns. */
export const drawnProtocol: Protocol = {
  name: 'drawn',
  about: 'the drawn set: train and database 2,000 pictures with 1 to 4 of 12 labels, queries 200',
  load: () => {
    const database = drawn(2000, 1)
    return Promise.resolve({ train: database, database, queries: drawn(200, 2) })
  }
}
