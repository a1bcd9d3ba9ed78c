import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { AllInOne } from '../../cli/all-in-one.js'
import { openDataDirectory } from '../../cli/data-directory.js'
import type { Encoder } from '../../encoder/encoder.js'
import { openLogger } from '../../telemetry/logger.js'

export interface SlowEncoderResult {
  readonly images: number
  readonly coded: number
  readonly seconds: number
  /** A sample every so often: how far it was, and the resident set of this process. */
  readonly samples: readonly { readonly seconds: number, readonly published: number, readonly items: number, readonly coded: number, readonly rssMiB: number }[]
  /** The highest resident set of each quarter of the run, in MiB: flat means the last is no higher than the first ones. */
  readonly quarters: readonly number[]
}

/** Images in one append. */
const RUN = 500

/**
 * Publishes images as fast as the log takes them, in front of an encoder that is deliberately slow: whatever piles up
 * must pile up in the log, not in memory.
 *
 * @param image the i-th image file.
 * @param encodeMs how long the encoder takes for one picture, at the least.
 */
export async function slowEncoder (images: number, image: (i: number) => Buffer, encodeMs: number, tell: (line: string) => void): Promise<SlowEncoderResult> {
  const directory = await mkdtemp(join(tmpdir(), 'hammingbird-slow-'))
  try {
    await using all = await AllInOne.open({
      data: await openDataDirectory(directory),
      host: '127.0.0.1',
      port: 0,
      collection: {},
      pictures: true,
      release: 'test',
      logger: openLogger({ level: 'error' }),
      slowed: encoder => slow(encoder, encodeMs)
    })
    const { topics } = all.registry.get('default')
    const { store } = all.indexServer.served('')
    const samples: SlowEncoderResult['samples'][number][] = []
    const begunMs = performance.now()
    let published = 0
    const sample = (): void => {
      const { live, coded } = store.counts('v0')
      const now = { seconds: Math.round((performance.now() - begunMs) / 1000), published, items: live, coded, rssMiB: Math.round(process.memoryUsage.rss() / 2 ** 20) }
      samples.push(now)
      if (samples.length % 10 === 1) tell(JSON.stringify(now))
    }
    const sampler = setInterval(sample, 1000)
    try {
      for (; published < images; published += RUN) {
        await all.log.append(Array.from({ length: RUN }, (_, i) => ({ topic: topics.images, key: Buffer.from(`image/${published + i}`), value: image(published + i) })))
      }
      while (store.counts('v0').coded < images) await sleep(100)
    } finally {
      clearInterval(sampler)
    }
    sample()
    const quarter = Math.ceil(samples.length / 4)
    const quarters = [0, 1, 2, 3].map(q => Math.max(...samples.slice(q * quarter, (q + 1) * quarter).map(({ rssMiB }) => rssMiB)))
    return { images, coded: store.counts('v0').coded, seconds: samples.at(-1)!.seconds, samples, quarters }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** The same encoder, in no hurry. */
function slow (encoder: Encoder, encodeMs: number): Encoder {
  return {
    load: (...args) => encoder.load(...args),
    unload: model => encoder.unload(model),
    encode: async request => {
      await sleep(request.count * encodeMs)
      return encoder.encode(request)
    },
    close: () => encoder.close(),
    [Symbol.asyncDispose]: () => encoder.close()
  }
}
