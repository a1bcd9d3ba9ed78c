import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { HammingbirdError } from '../../errors.js'
import { SnapshotPiece } from '../../proto/gen/hammingbird/v1/snapshot.js'

/** Grows when a former release could not read what this one writes. */
export const FORMAT = 1

/** The largest piece that is believed: a batch of records, or one large one. */
const MOST_BYTES = 256 * 2 ** 20

/** A piece as it stands in an archive, and the bytes that its part's checksum is made of. */
export interface WrittenPiece {
  readonly archived: Buffer
  readonly body: Uint8Array
}

export function writePiece (piece: NonNullable<SnapshotPiece['piece']>): WrittenPiece {
  const body = SnapshotPiece.encode({ piece }).finish()
  return { archived: Buffer.from(new BinaryWriter().bytes(body).finish()), body }
}

/** The pieces of an archive, in order. @throws HammingbirdError `HAMMINGBIRD_FORMAT` where it is cut short or no archive. */
export async function * readPieces (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<{ readonly piece: NonNullable<SnapshotPiece['piece']>, readonly body: Buffer }, void> {
  let held = Buffer.alloc(0)
  const coming: Uint8Array[] = []
  let missing = 0
  for await (const chunk of chunks) {
    // Joined when a whole piece may be there, not with each chunk: a large piece comes in many.
    coming.push(chunk)
    missing -= chunk.length
    if (missing > 0) continue
    held = Buffer.concat([held, ...coming.splice(0)])
    for (;;) {
      const length = lengthAt(held)
      if (length === undefined) break
      const end = length.from + length.bytes
      missing = end - held.length
      if (missing > 0) break
      const body = held.subarray(length.from, end)
      held = held.subarray(end)
      yield { piece: decode(body), body }
    }
  }
  if (held.length + coming.length > 0) throw damaged('it is cut short')
}

export function damaged (why: string): HammingbirdError {
  return new HammingbirdError('HAMMINGBIRD_FORMAT', `the snapshot cannot be used: ${why}`)
}

function decode (body: Buffer): NonNullable<SnapshotPiece['piece']> {
  let piece: SnapshotPiece['piece']
  try {
    piece = SnapshotPiece.decode(body).piece
  } catch {
    // Told below.
  }
  if (piece === undefined) throw damaged('it is damaged, or no snapshot')
  return piece
}

/** A varint. `undefined` while it is not all there. */
function lengthAt (bytes: Buffer): { readonly bytes: number, readonly from: number } | undefined {
  let value = 0
  for (let at = 0; at < bytes.length; at++) {
    value += (bytes[at]! & 0x7f) * 2 ** (7 * at)
    if (value > MOST_BYTES) throw damaged('it is damaged, or no snapshot')
    if (bytes[at]! < 0x80) return { bytes: value, from: at + 1 }
  }
  return undefined
}
