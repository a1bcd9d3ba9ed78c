import { INPUT, INPUT_AT, SLAB, SLAB_AT, STAGES_AT, TABLE, TABLES_AT } from './layout.js'
import { chunkingFor, stageCosts } from './planner.js'
import type { Slab } from './slab.js'

/**
 * Builds a slab anew from what others hold, less what was removed by `horizon`. The others are only read, and may be
 * searched meanwhile.
 *
 * First all codes are laid out as they come, behind the room for the sorted ones; once those are written, the tables
 * take the place of the unsorted. So building needs little more memory than what is built.
 *
 * @param chunks into how many codes are cut. @default what suits the number of distinct ones
 */
export function build (target: Slab, sources: readonly Slab[], horizon: number, chunks?: number): void {
  const most = sources.reduce((sum, source) => sum + source.slots, 0)
  const input = layOutSorted(target, most)
  let count = 0
  for (const source of sources) count = copyLiving(source, target, count, horizon)
  setInput(target, INPUT.count, count)
  target.set(SLAB.tables, 0)
  const entries = target.kernel.sortDistinct(SLAB_AT, INPUT_AT)
  layOutTables(target, input, chunks)
  const tables = target.tables
  for (let t = 0; t < tables; t++) target.kernel.fileUnder(SLAB_AT, t)

  const crowding = Array.from({ length: tables }, (_, t) => target.kernel.crowding(SLAB_AT, t))
  const costs = stageCosts(chunkingFor(target.bits, entries, tables), entries, crowding)
  target.f64.set(costs.stageNs, STAGES_AT >> 3)
  target.set(SLAB.stageNs, STAGES_AT)
  new Float32Array(target.memory.buffer, SLAB_AT + SLAB.bucketNs, 3).set([costs.bucketNs, costs.codeNs, costs.foundNs])
}

/** Room for `most` codes, sorted, and behind it as many as they come. @returns where those begin. */
function layOutSorted (slab: Slab, most: number): number {
  const { codeBytes, bits } = slab
  const sortBits = Math.min(bits, 24, Math.max(8, Math.ceil(Math.log2(most + 1))))
  let at = slab.dataAt
  const take = (sizeBytes: number) => {
    const from = at
    at = Math.ceil((at + sizeBytes) / 64) * 64
    return from
  }
  slab.set(SLAB.ordinals, take(most * 4))
  slab.set(SLAB.deletedAt, take(most * 4))
  slab.set(SLAB.codes, take(most * codeBytes))
  slab.set(SLAB.runs, take((most + 1) * 4))
  const input = at
  setInput(slab, INPUT.sortBits, sortBits)
  setInput(slab, INPUT.codes, take(most * codeBytes))
  setInput(slab, INPUT.ordinals, take(most * 4))
  setInput(slab, INPUT.deletedAt, take(most * 4))
  setInput(slab, INPUT.order, take(most * 4))
  setInput(slab, INPUT.buckets, take(4 * 2 ** sortBits))
  slab.reserve(at)
  return input
}

function layOutTables (slab: Slab, from: number, chunks?: number): void {
  const { entries, codeBytes, bits } = slab
  const cut = chunkingFor(bits, entries, chunks)
  let at = from
  const take = (sizeBytes: number) => {
    const from = at
    at = Math.ceil((at + sizeBytes) / 64) * 64
    return from
  }
  slab.set(SLAB.tables, cut.widths.length)
  slab.set(SLAB.table, TABLES_AT)
  const tables = cut.widths.map((width, t) => {
    const lowest = bits - cut.starts[t]! - width
    return {
      [TABLE.offsets]: take(4 * (2 ** width + 1)),
      // Table 0 is the sorted codes themselves.
      [TABLE.codes]: t === 0 ? slab.get(SLAB.codes) : codeBytes <= 16 ? take(entries * codeBytes) : 0,
      [TABLE.entries]: t === 0 ? 0 : take(entries * 3 + 1),
      [TABLE.byte]: lowest >> 3,
      [TABLE.shift]: lowest & 7,
      [TABLE.mask]: 2 ** width - 1,
      [TABLE.width]: width
    }
  })
  slab.reserve(at + 8)
  tables.forEach((table, t) => {
    for (const [field, value] of Object.entries(table)) slab.u32[(TABLES_AT + t * TABLE.sizeBytes + Number(field)) >> 2] = value
  })
}

function setInput (slab: Slab, field: number, value: number): void {
  slab.u32[(INPUT_AT + field) >> 2] = value
}

/** Adds the slots of `source` that no snapshot has lost to the target's input. @returns how many there are now. */
function copyLiving (source: Slab, target: Slab, count: number, horizon: number): number {
  const words = source.codeBytes >> 2
  const from = source.u32
  const to = target.u32
  const runs = source.get(SLAB.runs) >> 2
  const codes = source.get(SLAB.codes) >> 2
  const ordinals = source.get(SLAB.ordinals) >> 2
  const deletedAt = source.get(SLAB.deletedAt) >> 2
  const entries = source.entries
  let codeAt = (to[(INPUT_AT + INPUT.codes) >> 2]! >> 2) + count * words
  const ordinalsAt = to[(INPUT_AT + INPUT.ordinals) >> 2]! >> 2
  const deletedAtAt = to[(INPUT_AT + INPUT.deletedAt) >> 2]! >> 2
  for (let entry = 0; entry < entries; entry++) {
    const end = runs === 0 ? entry + 1 : from[runs + entry + 1]!
    for (let slot = runs === 0 ? entry : from[runs + entry]!; slot < end; slot++) {
      if (from[deletedAt + slot]! <= horizon) continue
      for (let word = 0; word < words; word++) to[codeAt + word] = from[codes + entry * words + word]!
      codeAt += words
      to[ordinalsAt + count] = from[ordinals + slot]!
      to[deletedAtAt + count] = from[deletedAt + slot]!
      count++
    }
  }
  return count
}
