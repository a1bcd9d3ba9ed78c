import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { CodeWidthError, codeOf } from '../../errors.js'
import type { Code } from '../../hamming/code.js'
import { hammingDistance } from '../../hamming/distance.js'
import { whenHere } from '../../index-server/soon.js'
import { AcceptSetBuilder } from '../../index-server/store/accept-set.js'
import { accepting, type AcceptSet, type CodeAnswer, type CodeChange, type CodeQuery, type CodeStore } from '../../index-server/store/code-store.js'

export interface CodeStoreSettings {
  readonly bits: number
  /** Into how many chunks codes are cut, for a store that can be told. */
  readonly chunks: number | undefined
}

/** A store under test. */
export interface CodeStoreUnderTest extends AsyncDisposable {
  readonly store: CodeStore
  /** Does what its owner does: makes the changes durable where they must be, then `store.apply(changes)`. */
  readonly apply: (changes: readonly CodeChange[]) => Promise<void>
}

/**
 * What every store of codes must do, whatever it keeps them in. Each one's test file calls this.
 *
 * @param runs how many histories are tried.
 */
export function codeStoreSuite (name: string, open: (settings: CodeStoreSettings) => Promise<CodeStoreUnderTest>, runs = 100): void {
  test(`${name}: finds what a scan of everything finds, at every moment it remembers`, async t => {
    await fc.assert(fc.asyncProperty(histories, async ({ settings, batches, queries }) => {
      await using under = await open(settings)
      const oracle = new Oracle()
      const moments = [oracle.copy(under.store.sequence)]
      for (const batch of batches) {
        await under.apply(oracle.change(batch))
        moments.push(oracle.copy(under.store.sequence))
        t.is(under.store.count, oracle.codes.size)
      }
      for (const { moment, ...query } of queries) {
        const now = moments[moments.length - 1]!
        const then = moment === undefined ? now : moments[moment % moments.length]!
        const asked = moment === undefined ? query : { ...query, at: then.sequence }
        compare(t, await under.store.search(asked), then, asked, settings.bits)
      }
    }), { numRuns: runs })
  })

  test(`${name}: each apply is seen whole or not at all, also by a search under way`, async t => {
    await fc.assert(fc.asyncProperty(histories, async ({ settings, batches, queries }) => {
      await using under = await open(settings)
      const oracle = new Oracle()
      for (const batch of batches) {
        const before = oracle.copy(under.store.sequence)
        const changes = oracle.change(batch)
        const query: CodeQuery = { ...queries[0]!, at: before.sequence }
        const searching = whenHere(under.store.search(query), copyOf)
        const applying = under.apply(changes)
        compare(t, await searching, before, query, settings.bits)
        await applying
        compare(t, await under.store.search(query), before, query, settings.bits)
      }
    }), { numRuns: runs / 2 })
  })

  for (const bits of [16, 24, 64, 256]) {
    test(`${name}: ${bits} bits: none, one, two, all equal, all distinct`, async t => {
      const zeros = new Uint8Array(bits / 8)
      const ones = new Uint8Array(bits / 8).fill(0xff)
      const distinct = Array.from({ length: 40 }, (_, i) => Uint8Array.from(zeros, (_, at) => at === 0 ? i * 5 : at === 1 ? i : 0))
      for (const codes of [[], [zeros], [ones], [zeros, ones], [zeros, zeros], Array.from({ length: 40 }, () => ones), distinct]) {
        await using under = await open({ bits, chunks: undefined })
        const oracle = new Oracle()
        await under.apply(oracle.change(codes.map(code => ({ add: code }))))
        for (const plan of [undefined, 'probe', 'scan'] as const) {
          for (const code of [zeros, ones]) {
            for (const asked of [{ k: 1 }, { k: 2 }, { k: 100 }, { radius: 0 }, { radius: bits }, { k: 1, radius: 0 }, { k: 3, radius: bits - 1 }]) {
              const query: CodeQuery = { code, ...asked, ...plan && { plan } }
              const answer = await under.store.search(query)
              compare(t, answer, oracle, query, bits)
              const counted = await under.store.search({ ...query, countOnly: true })
              t.deepEqual([counted.count, counted.groups], [answer.count, []])
            }
          }
        }
      }
    })
  }

  test(`${name}: many clustered codes, added and removed in turns, are found under every plan`, async t => {
    const bits = 64
    await using under = await open({ bits, chunks: undefined })
    const random = seeded(7)
    const oracle = new Oracle()
    const centres = Array.from({ length: 20 }, () => randomCode(bits, random))
    for (let turn = 0; turn < 8; turn++) {
      const added = Array.from({ length: 400 }, () => ({ add: nearby(centres[Math.floor(random() * 20)]!, random, 0.06) }))
      const removed = turn === 0 ? [] : Array.from({ length: 100 }, () => ({ remove: Math.floor(random() * 1e6) }))
      await under.apply(oracle.change([...added, ...removed]))
    }
    for (let i = 0; i < 12; i++) {
      const code = nearby(centres[i]!, random, i % 3 === 0 ? 0.5 : 0.03)
      for (const plan of [undefined, 'probe', 'scan'] as const) {
        const query: CodeQuery = { code, ...[{ k: 10 }, { radius: 6 }, { k: 100, radius: 9 }][i % 3]!, ...plan && { plan } }
        compare(t, await under.store.search(query), oracle, query, bits)
      }
    }
  })

  test(`${name}: added and removed in one apply is never found`, async t => {
    await using under = await open({ bits: 16, chunks: undefined })
    const code = Uint8Array.of(1, 2)
    await under.apply([{ kind: 'add', ordinal: 0, code }, { kind: 'add', ordinal: 1, code }, { kind: 'remove', ordinal: 0, code }])
    t.is(under.store.count, 1)
    t.deepEqual(copyOf(await under.store.search({ code, radius: 16 })).groups.map(({ ordinals }) => ordinals), [[1]])
  })

  test(`${name}: refuses a code of another width, no k and no radius, a moment it does not know`, async t => {
    await using under = await open({ bits: 64, chunks: undefined })
    await t.throwsAsync(async () => under.store.search({ code: new Uint8Array(4), k: 1 }), { instanceOf: CodeWidthError })
    await t.throwsAsync(async () => under.store.search({ code: new Uint8Array(8) }), { instanceOf: TypeError })
    const err = await t.throwsAsync(async () => under.store.search({ code: new Uint8Array(8), k: 1, at: under.store.sequence + 1 }))
    t.is(codeOf(err), 'HAMMINGBIRD_PAGE_EXPIRED')
  })

  test(`${name}: a search whose signal is aborted rejects with its reason, unless it is answered at once`, async t => {
    await using under = await open({ bits: 64, chunks: undefined })
    await under.apply([{ kind: 'add', ordinal: 0, code: new Uint8Array(8) }])
    const reason = new Error('the caller has gone')
    const answer = under.store.search({ code: new Uint8Array(8), k: 1, signal: AbortSignal.abort(reason) })
    if (answer instanceof Promise) t.is(await t.throwsAsync(answer), reason)
    else t.is(answer.count, 1)
  })
}

/** What happens in a batch: a code comes, or one of those that are there goes, counted round. */
type Event = { readonly add: Code } | { readonly remove: number }

/** Everything by ordinal. */
class Oracle {
  #next = 0

  constructor (readonly codes = new Map<number, Code>(), readonly sequence = 0) {}

  copy (sequence: number): Oracle {
    return new Oracle(new Map(this.codes), sequence)
  }

  change (events: readonly Event[]): CodeChange[] {
    // What comes and goes in one batch has its own test.
    const there = [...this.codes]
    return events.flatMap((event): CodeChange[] => {
      if ('add' in event) {
        this.codes.set(this.#next, event.add)
        return [{ kind: 'add', ordinal: this.#next++, code: event.add }]
      }
      const [gone] = there.splice(event.remove % there.length, 1)
      if (!gone) return []
      this.codes.delete(gone[0])
      return [{ kind: 'remove', ordinal: gone[0], code: gone[1] }]
    })
  }
}

/** A scan of everything, written for no purpose but to be right. */
function scanOf (codes: ReadonlyMap<number, Code>, { code, k = Infinity, radius = Infinity, accept }: CodeQuery): { ordinal: number, distance: number }[] {
  const matches = [...codes]
    .map(([ordinal, other]) => ({ ordinal, distance: hammingDistance(code, other) }))
    .filter(({ ordinal, distance }) => distance <= radius && (accepting(accept)?.(ordinal) ?? true))
    .sort((a, b) => a.distance - b.distance || b.ordinal - a.ordinal)
  const last = matches[Math.min(k, matches.length) - 1]
  return matches.filter(({ distance }) => distance <= (last?.distance ?? -1))
}

function compare (t: ExecutionContext, answer: CodeAnswer, { codes }: Oracle, query: CodeQuery, bits: number): void {
  const { groups, radiusCovered, plan } = answer
  const expected = scanOf(codes, query)
  const found = groups.flatMap(({ distance, ordinals }) => Array.from(ordinals, ordinal => ({ ordinal, distance })))
  t.deepEqual(found.sort((a, b) => a.distance - b.distance || b.ordinal - a.ordinal), expected)
  t.is(answer.count, expected.length)
  t.deepEqual(groups.map(({ distance }) => distance), groups.map(({ distance }) => distance).sort((a, b) => a - b), 'nearest first')
  if (!query.anonymous) t.is(new Set(groups.map(({ code }) => Buffer.from(code).toString('hex'))).size, groups.length, 'equal codes stand together')
  for (const { code, ordinals } of groups) {
    t.true(ordinals.length > 0)
    if (query.anonymous) continue
    for (const ordinal of Array.from(ordinals)) t.is(Buffer.compare(code, codes.get(ordinal)!), 0, 'the group has the code of its members')
  }
  const within = scanOf(codes, { code: query.code, radius: radiusCovered, ...query.accept && { accept: query.accept } })
  t.true(within.length <= found.length, 'everything within radiusCovered is there')
  const satisfied = query.k !== undefined && expected.length >= query.k
  t.true(radiusCovered >= (satisfied ? expected[expected.length - 1]!.distance : Math.min(bits, query.radius ?? bits)), 'what was asked is covered')
  if (query.plan) t.is(plan, query.plan)
}

function copyOf (answer: CodeAnswer): CodeAnswer {
  return { ...answer, groups: answer.groups.map(({ code, distance, ordinals }) => ({ code: Uint8Array.from(code), distance, ordinals: Array.from(ordinals) })) }
}

/** Codes from few centres with few bits flipped: equal ones, near ones and far ones all come. */
const histories = fc.constantFrom(16, 24, 40, 64, 96, 128, 200, 256, 520, 1024).chain(bits => {
  const centre = fc.uint8Array({ minLength: bits / 8, maxLength: bits / 8 })
  const code = fc.tuple(fc.constantFrom(0, 1, 2), fc.array(fc.nat(bits - 1), { maxLength: 4 }))
  return fc.record({
    bits: fc.constant(bits),
    chunks: fc.option(fc.integer({ min: Math.ceil(bits / 24), max: Math.min(16 + Math.ceil(bits / 24), bits) }), { nil: undefined }),
    centres: fc.tuple(centre, centre, centre),
    batches: fc.array(fc.array(fc.oneof({ weight: 3, arbitrary: fc.record({ add: code }) }, { weight: 1, arbitrary: fc.record({ remove: fc.nat() }) }), { maxLength: 20 }), { maxLength: 5 }),
    queries: fc.array(fc.record({
      code,
      wanted: fc.oneof(
        fc.record({ k: fc.integer({ min: 1, max: 70 }) }),
        fc.record({ radius: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: bits })) }),
        fc.record({ k: fc.integer({ min: 1, max: 70 }), radius: fc.integer({ min: 0, max: bits }) })
      ),
      plan: fc.constantFrom(undefined, 'probe' as const, 'scan' as const),
      filter: fc.constantFrom(undefined, 2, 3),
      anonymous: fc.boolean(),
      moment: fc.option(fc.nat(), { nil: undefined })
    }), { minLength: 1, maxLength: 8 })
  })
}).map(({ bits, chunks, centres, batches, queries }) => {
  const codeFrom = ([centre, flips]: [number, number[]]): Code => flips.reduce(flipped, centres[centre]!)
  return {
    settings: { bits, chunks },
    batches: batches.map(batch => batch.map((event): Event => 'add' in event ? { add: codeFrom(event.add) } : event)),
    queries: queries.map(({ code, wanted, plan, filter, anonymous, moment }): CodeQuery & { moment: number | undefined } => ({
      code: codeFrom(code),
      ...wanted,
      anonymous,
      ...plan && { plan },
      ...filter && { accept: every(filter) },
      moment
    }))
  }
})

/** The ordinals that a number divides, of those there can be here. */
function every (divisor: number): AcceptSet {
  const set = new AcceptSetBuilder()
  for (let ordinal = 0; ordinal < 4096; ordinal += divisor) set.add(ordinal)
  return set.set()
}

function flipped (code: Code, bit: number): Code {
  return Uint8Array.from(code, (byte, at) => at === bit >> 3 ? byte ^ (0x80 >> (bit & 7)) : byte)
}

/** Numbers from 0 up to 1, the same in every run (mulberry32). */
function seeded (seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function randomCode (bits: number, random: () => number): Code {
  return Uint8Array.from({ length: bits / 8 }, () => Math.floor(random() * 256))
}

function nearby (code: Code, random: () => number, share: number): Code {
  let near = code
  for (let bit = 0; bit < code.length * 8; bit++) if (random() < share) near = flipped(near, bit)
  return near
}
