import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { DecoderPool } from '../../decoder/pool.js'
import { corel5k } from '../../trainer/datasets/corel5k.js'
import { readPictures } from '../../trainer/datasets/read-pictures.js'
import { HammingbirdError } from '../../errors.js'
import { evaluationData } from '../evaluation-data.js'
import type { Protocol } from './protocol.js'

/** Pixels a side where nothing else is asked for. */
const SIDE = 128

/** Corel5K, whose photographs have several words each. */
export const corelProtocol: Protocol = {
  name: 'corel',
  about: 'Corel5K: train and database 4,200, queries 299; relevant is who shares a word, the gain the number shared',
  load: async (data, side = SIDE) => {
    const directory = evaluationData(data, 'corel5k')
    const images = await mkdtemp(join(tmpdir(), 'hammingbird-corel5k-'))
    try {
      await promisify(execFile)('tar', ['-xzf', join(directory, 'images.tar.gz'), '-C', images])
      await using decoder = await DecoderPool.open({ workers: 2 })
      const { train, test } = await corel5k(directory, images)
      const read = async (list: typeof train) => {
        const { set, unread } = await readPictures(list, { width: side, height: side, fit: 'squash' }, decoder)
        if (unread.length > 0) throw new HammingbirdError('HAMMINGBIRD_FORMAT', `Corel5K: ${unread.length} pictures cannot be read, ${unread[0]!.file} among them: ${unread[0]!.message}`)
        return set
      }
      const database = await read(train)
      return { train: database, database, queries: await read(test) }
    } finally {
      await rm(images, { recursive: true, force: true })
    }
  }
}
