import test from 'ava'
import { HammingbirdError, Match_State as State, Plan, type ExplainResponse, type Item, type NewImage, type Search } from '../../client/index.js'
import { drawnPictures } from '../../dev/pictures.js'
import { hammingDistance } from '../../hamming/distance.js'
import { hammingbird } from '../fixtures/command-line.js'
import { openAllInOne, scratch, until } from '../fixtures/all-in-one.js'

test('search over gRPC: k, radius, pages, filters, counts and explanations agree with a plain loop', async t => {
  t.timeout(300_000)
  const { all, client } = await openAllInOne(t, await scratch(t))
  const images: NewImage[] = []
  let i = 0
  for await (const { id, bytes, labels } of drawnPictures()) images.push({ id, image: bytes, labels, metadata: { number: String(i) }, capturedAt: new Date(i++ * 1000) })
  for await (const { refusal } of client.publish(images)) t.is(refusal, undefined)
  await until(async () => (await client.status()).versions[0]?.coded === images.length)

  const items: (Item & { readonly code: Buffer })[] = []
  for await (const item of client.exportItems()) items.push({ ...item, code: item.codes['v0']!.code })
  const query = items.find(({ id }) => id === 'balloon/05.png')!
  const near = (radius: number) => items.filter(({ code }) => hammingDistance(code, query.code) <= radius)
  const ids = (list: readonly { readonly id: string }[]): string[] => list.map(({ id }) => id).sort()

  for (const radius of [0, 8, 20, 64]) {
    const { hits, complete, radiusCovered } = await client.search({ id: query.id, radius })
    t.deepEqual(ids(hits), ids(near(radius)), `radius ${radius}`)
    t.true(complete && radiusCovered >= radius)
    t.is((await client.search({ id: query.id, radius, countOnly: true })).count, near(radius).length)
  }

  const whole = (await client.search({ id: query.id, k: items.length })).hits
  t.deepEqual(whole.map(({ distance }) => distance), items.map(({ code }) => hammingDistance(code, query.code)).sort((a, b) => a - b))
  const paged = []
  for await (const page of client.searchPages({ id: query.id, k: items.length, pageSize: 7 })) paged.push(...page.hits)
  t.deepEqual(paged, whole)

  const boats = await client.search({ id: query.id, k: 5, filter: { anyLabels: ['boat'], metadata: [{ field: 'number', atLeast: '86' }] } })
  t.is(boats.hits.length, 5)
  t.true(boats.hits.every(({ labels, metadata }) => labels[0] === 'boat' && Number(metadata['number']) >= 86))

  const explain = (search: Omit<Search, 'id'>, id: string): Promise<ExplainResponse> => client.explain({ ...search, id: query.id }, id)
  const far = whole.at(-1)!
  t.is((await explain({ k: 10 }, query.id)).match?.state, State.FOUND)
  const tooFar = await explain({ radius: far.distance - 1 }, far.id)
  t.deepEqual([tooFar.match?.state, tooFar.match?.radius, tooFar.match?.differingBits.length], [State.TOO_FAR, far.distance, far.distance])
  t.is((await explain({ k: 1 }, far.id)).match?.state, State.BEHIND_K)
  t.is((await explain({ k: 1, filter: { anyLabels: ['nothing'] } }, query.id)).match?.state, State.FILTERED)
  t.is((await explain({ k: 1 }, 'nobody')).match?.state, State.UNKNOWN)

  const told = (...args: string[]) => hammingbird(['explain', '--id', query.id, ...args], { server: all.grpc.address })
  t.regex((await told('--match', far.id, '--radius', String(far.distance - 1))).stdout, new RegExp(`too far: it is at distance ${far.distance} .*, so --radius ${far.distance} finds it`))
  t.regex((await told('--match', query.id, '--label', 'nothing')).stdout, /kept out by the filter: /)
  t.like((await told('--match', query.id, '-k', '1', '--json')).json[0], { id: query.id, state: 'found', radius: 0, differingBits: [] } as object)

  for (const wrong of [{ id: query.id, radius: 65 }, { id: query.id, pageToken: 'made up' }, { code: Buffer.alloc(7) }, { id: 'nobody' }, { image: Buffer.from('no image') }, { id: query.id, version: 'v9' }]) {
    const err = await t.throwsAsync(client.search(wrong), { instanceOf: HammingbirdError }, JSON.stringify(wrong))
    t.not(err.code, 'HAMMINGBIRD_INTERNAL')
  }
  t.true([Plan.PROBE, Plan.SCAN, Plan.PROBE_THEN_SCAN].includes((await client.search({ id: query.id, k: 1 })).plan))
})
