import { setTimeout as sleep } from 'node:timers/promises'
import type { HammingbirdClient, Position } from '../../client/index.js'
import { hammingDistance } from '../../hamming/distance.js'
import type { Expected } from './history.js'
import type { Picture } from './reference-pictures.js'

const MOST_DIFFERENCES = 20

/** Waits until all that was acknowledged is searchable. */
export async function caughtUp (client: HammingbirdClient, positions: readonly Position[]): Promise<void> {
  const query = { code: Buffer.alloc(8), k: 1, minPosition: [...positions] }
  await client.search(query, { timeoutMs: 120_000 })
  for (let caughtUp = false; !caughtUp; await sleep(100)) {
    const { versions } = await client.status()
    caughtUp = versions.every(({ waiting }) => waiting === 0)
  }
}

/** @returns what is not as a plain loop would have it. */
export async function compare (client: HammingbirdClient, expected: ReadonlyMap<string, Expected>, pictures: readonly Picture[]): Promise<readonly string[]> {
  const differences: string[] = []
  const differ = (what: string): void => { if (differences.length < MOST_DIFFERENCES) differences.push(what) }

  const found = new Map<string, { readonly labels: readonly string[], readonly code: Uint8Array }>()
  for await (const { id, labels, codes } of client.exportItems()) {
    if (found.has(id)) differ(`${id}: twice`)
    found.set(id, { labels, code: codes['v0']?.code ?? Buffer.alloc(0) })
    if (codes['v0']?.stale === true) differ(`${id}: stale`)
  }
  for (const id of found.keys()) if (!expected.has(id)) differ(`${id}: brought back`)
  for (const [id, { picture, labels }] of expected) {
    const item = found.get(id)
    if (item === undefined) differ(`${id}: lost`)
    else if (Buffer.compare(item.code, pictures[picture]!.code) !== 0) differ(`${id}: its code is ${Buffer.from(item.code).toString('hex')}, not ${Buffer.from(pictures[picture]!.code).toString('hex')}`)
    else if (JSON.stringify([...item.labels].sort()) !== JSON.stringify([...labels].sort())) differ(`${id}: labels ${item.labels.join()}, not ${labels.join()}`)
  }

  // The tables, not only the items: every search must find what a scan of the plain loop's result finds.
  const codes = [...expected].map(([id, { picture }]) => ({ id, code: pictures[picture]!.code }))
  for (let at = 0; at < codes.length; at += Math.max(1, Math.floor(codes.length / 100))) {
    const query = codes[at]!.code
    for (const radius of [0, 6]) {
      const hits: string[] = []
      for await (const page of client.searchPages({ code: query, radius })) hits.push(...page.hits.map(({ id }) => id))
      const right = codes.filter(({ code }) => hammingDistance(code, query) <= radius).map(({ id }) => id)
      if (JSON.stringify(hits.sort()) !== JSON.stringify(right.sort())) differ(`within ${radius} of ${codes[at]!.id}: found ${hits.length}, there are ${right.length}`)
    }
  }
  const { liveItems, versions: [v0], setAside } = await client.status()
  if (liveItems !== expected.size) differ(`status: ${liveItems} live items, there are ${expected.size}`)
  if (v0?.coded !== expected.size || v0.setAside !== 0 || setAside !== 0) differ(`status: ${v0?.coded} coded, ${setAside} set aside; all ${expected.size} should be coded`)
  return differences
}
