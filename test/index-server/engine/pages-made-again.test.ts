import test from 'ava'
import type { NewImage } from '../../../client/index.js'
import { DecoderPool } from '../../../decoder/pool.js'
import { drawnPictures } from '../../../dev/pictures.js'
import { EncoderPool } from '../../../encoder/pool.js'
import { codeOf } from '../../../errors.js'
import { search } from '../../../index-server/engine/search.js'
import { PageTokens } from '../../../index-server/search/page-tokens.js'
import { SearchRequest } from '../../../proto/gen/hammingbird/v1/search.js'
import { openAllInOne, scratch, until } from '../../fixtures/all-in-one.js'

test('pages: where what is searched for was not kept it is made again, and is the same; or the pages have expired', async t => {
  const { all, client } = await openAllInOne(t, await scratch(t))
  const images: NewImage[] = []
  for await (const { id, bytes } of drawnPictures()) if (images.push({ id, image: bytes }) === 40) break
  for await (const { refusal } of client.publish(images)) t.is(refusal, undefined)
  await until(async () => (await client.status()).versions[0]?.coded === images.length)

  await using decoder = await DecoderPool.open({ workers: 1 })
  await using encoder = await EncoderPool.open({})
  const { versions } = all.indexServer.served('').collection
  await encoder.load(all.indexServer.served('').model('v0'), versions.state.manifests.get('v0')!, undefined)
  const context = { served: (name: string) => all.indexServer.served(name), decoder, encoder }
  const tokens = new PageTokens({ keptBytes: 0 })
  const page = async (request: Parameters<typeof SearchRequest.fromPartial>[0]) => search(context, tokens, SearchRequest.fromPartial({ k: 40, ...request }), {})
  const image = Buffer.from(images[3]!.image)
  const id = images[3]!.id!
  for (const query of [{ $case: 'image', value: image }, { $case: 'id', value: id }, { $case: 'code', value: Buffer.alloc(8, 3) }] as const) {
    const whole = await page({ query })
    const found = []
    for (let pageToken = ''; ;) {
      const answer = await page({ query, pageSize: 7, pageToken })
      found.push(...answer.hits)
      pageToken = answer.nextPageToken
      if (pageToken === '') break
      t.true(pageToken.length < 200)
    }
    t.deepEqual(found.map(({ id, distance }) => [id, distance]), whole.hits.map(({ id, distance }) => [id, distance]))
    t.is(found.length, 40)
  }

  // Another image under that id: what is made again is another thing, and its pages are not of the first one's search.
  const { nextPageToken: pageToken } = await page({ query: { $case: 'id', value: id }, pageSize: 7 })
  const before = (await client.getItem(id)).position!.offset
  for await (const { refusal } of client.publish([{ id, image: images[4]!.image }])) t.is(refusal, undefined)
  await until(async () => {
    const { position, codes } = await client.getItem(id)
    return position!.offset > before && !codes['v0']!.stale // until its new code is there the former one answers
  })
  t.is(codeOf(await t.throwsAsync(page({ query: { $case: 'id', value: id }, pageSize: 7, pageToken }))), 'HAMMINGBIRD_PAGE_EXPIRED')
})
