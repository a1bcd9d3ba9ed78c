import type { Place } from './total-order.js'

/** What a page token says. Names are base64url, each of as many bytes as the layout has for it. */
export interface PageToken {
  /** Of the process: its snapshots end with it. */
  readonly epoch: string
  readonly untilMs: number
  readonly version: string
  /** The version's codes, as `storeName` calls them: a version that was dropped and made anew has others. */
  readonly store: string
  /** The moment that all pages are of. */
  readonly sequence: number
  /** What is searched for, as `nameOfSubject` calls it. */
  readonly subjectName: string
  /** Of the question. */
  readonly digest: string
  /** Hits on the pages so far. */
  readonly returned: number
  /** The last one's place. */
  readonly place: Place
}

/** Tokens of a release that wrote JSON begin otherwise. */
const FORMAT = 1
const FIXED_BYTES = 91
const FLOOR_BYTES = 12

/**
 *     byte   0       format        1
 *            1-6     epoch
 *            7-12    store
 *            13-24   subject name
 *            25-39   digest
 *            40-47   until         f64, as are all numbers that may be fractions or have more than 32 bits
 *            48-55   sequence      f64
 *            56-59   returned      u32
 *            60-61   distance      u16
 *            62-69   asymmetric    f64
 *            70-77   apart         f64, perhaps Infinity
 *            78-85   offset        f64
 *            86-89   partition     u32
 *            90      floor         1 when there is one, else 0
 *          ( 91-98   its offset    f64
 *            99-102  its partition u32 )
 *            then    version       UTF-8, to the end
 */
export function encodePageToken ({ epoch, untilMs, version, store, sequence, subjectName, digest, returned, place }: PageToken): Buffer {
  const { distance, asymmetric, apart, offset, partition, floor } = place
  const bytes = Buffer.alloc(FIXED_BYTES + (floor ? FLOOR_BYTES : 0))
  bytes[0] = FORMAT
  bytes.write(epoch, 1, 6, 'base64url')
  bytes.write(store, 7, 6, 'base64url')
  bytes.write(subjectName, 13, 12, 'base64url')
  bytes.write(digest, 25, 15, 'base64url')
  bytes.writeDoubleBE(untilMs, 40)
  bytes.writeDoubleBE(sequence, 48)
  bytes.writeUInt32BE(returned, 56)
  bytes.writeUInt16BE(distance, 60)
  bytes.writeDoubleBE(asymmetric, 62)
  bytes.writeDoubleBE(apart, 70)
  bytes.writeDoubleBE(offset, 78)
  bytes.writeUInt32BE(partition, 86)
  if (floor) {
    bytes[90] = 1
    bytes.writeDoubleBE(floor.offset, 91)
    bytes.writeUInt32BE(floor.partition, 99)
  }
  return Buffer.concat([bytes, Buffer.from(version)])
}

/** @returns `undefined` for bytes that are none of ours: nothing else of them is believed before their signature is checked. */
export function decodePageToken (bytes: Buffer): PageToken | undefined {
  const hasFloor = bytes[90] === 1
  if (bytes[0] !== FORMAT || bytes.length < FIXED_BYTES + (hasFloor ? FLOOR_BYTES : 0)) return undefined
  return {
    epoch: bytes.toString('base64url', 1, 7),
    store: bytes.toString('base64url', 7, 13),
    subjectName: bytes.toString('base64url', 13, 25),
    digest: bytes.toString('base64url', 25, 40),
    untilMs: bytes.readDoubleBE(40),
    sequence: bytes.readDoubleBE(48),
    returned: bytes.readUInt32BE(56),
    place: {
      distance: bytes.readUInt16BE(60),
      asymmetric: bytes.readDoubleBE(62),
      apart: bytes.readDoubleBE(70),
      offset: bytes.readDoubleBE(78),
      partition: bytes.readUInt32BE(86),
      floor: hasFloor ? { offset: bytes.readDoubleBE(91), partition: bytes.readUInt32BE(99) } : undefined
    },
    version: bytes.toString('utf8', FIXED_BYTES + (hasFloor ? FLOOR_BYTES : 0))
  }
}
