import { createHash, type Hash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { SnapshotHeader, SnapshotManifest } from '../../proto/gen/hammingbird/v1/snapshot.js'
import { FORMAT, damaged, readPieces } from './pieces.js'

/** What a whole archive says of itself. */
export interface VerifiedSnapshot {
  readonly header: SnapshotHeader
  readonly manifest: SnapshotManifest
}

/**
 * Reads an archive from its beginning to its end and holds it to its manifest: every record there, none changed.
 *
 * @throws HammingbirdError `HAMMINGBIRD_FORMAT` that says what is wrong.
 */
export async function verifySnapshot (archive: AsyncIterable<Uint8Array>): Promise<VerifiedSnapshot> {
  let header: SnapshotHeader | undefined
  let manifest: SnapshotManifest | undefined
  const all = createHash('sha256')
  let sealed = false
  const found = new Map<string, { hash: Hash, records: number }>()
  for await (const { piece, body } of readPieces(archive)) {
    if (sealed) throw damaged('something follows its end')
    if (piece.$case !== 'seal') all.update(body)
    if (header === undefined && piece.$case !== 'header') throw damaged('it is no snapshot')
    switch (piece.$case) {
      case 'header':
        if (piece.value.format !== FORMAT) throw damaged(`it has format ${piece.value.format}, this release reads ${FORMAT}`)
        header = piece.value
        break
      case 'records': {
        const { part, records } = piece.value
        const of = found.get(part) ?? { hash: createHash('sha256'), records: 0 }
        of.hash.update(body)
        of.records += records.length
        found.set(part, of)
        break
      }
      case 'manifest':
        manifest = piece.value
        break
      case 'seal':
        if (!all.digest().equals(piece.value.sha256)) throw damaged('it is not what its checksum says')
        sealed = true
    }
  }
  if (!sealed || header === undefined || manifest === undefined) throw damaged('it is cut short')
  const said = manifest.parts.filter(({ records }) => records > 0)
  if (!isDeepStrictEqual(said.map(({ part }) => part).sort(), [...found.keys()].sort())) throw damaged('its parts are not those of its manifest')
  for (const { part, records, sha256 } of said) {
    const of = found.get(part)!
    if (of.records !== records) throw damaged(`${part} has ${of.records} records, its manifest says ${records}`)
    if (!of.hash.digest().equals(sha256)) throw damaged(`${part} is not what its checksum says`)
  }
  return { header, manifest }
}
