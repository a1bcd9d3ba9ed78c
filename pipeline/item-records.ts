import { createHash } from 'node:crypto'
import { CANONICAL_VERSION, isDecodingRefusal, type CanonicalPicture, type Decoder, type DecodingRefusal } from '../decoder/decoder.js'
import { HammingbirdError, codeOf } from '../errors.js'
import type { LogRecord, NewRecord } from '../log/log.js'
import { ItemRecord } from '../proto/gen/hammingbird/v1/log.js'
import { hasGivenCodes, readGivenCodes } from '../topics/given-codes.js'
import { idOfBytes, imageIdOf } from '../topics/image-id.js'
import { readImageHeaders } from '../topics/image-headers.js'
import { itemTombstone } from '../topics/item-tombstone.js'
import type { OpenCollection } from '../registry/registry.js'
import { setAsideRecord } from '../topics/set-aside.js'

/** What a message in C.images asks for. */
type Wish =
  | { readonly kind: 'delete', readonly key: Buffer }
  | { readonly kind: 'index', readonly key: Buffer, readonly image: Buffer }
  | { readonly kind: 'codes', readonly key: Buffer, readonly codes: Record<string, Buffer> }
  | { readonly kind: 'refuse', readonly refused: DecodingRefusal }

/**
 * What comes of messages of C.images: an item, a tombstone, or a set-aside message each, in their order.
 *
 * Every image is decoded in another process; one that cannot be used harms none of its neighbours.
 */
export async function itemRecords (records: readonly LogRecord[], decoder: Pick<Decoder, 'canonical'>, { topics, config }: Pick<OpenCollection, 'topics' | 'config'>): Promise<readonly (readonly NewRecord[])[]> {
  const wishes = records.map(record => wishOf(record, config.imageBytes))
  const images = wishes.flatMap(wish => wish.kind === 'index' ? [wish.image] : [])
  const pictures = images.length === 0 ? [] : [...await decoder.canonical(images)]

  return wishes.map((wish, i) => {
    const record = records[i]!
    if (wish.kind === 'delete') return [itemTombstone(topics.items, wish.key, record)]
    if (wish.kind === 'codes') return [itemRecord(topics.items, wish.key, record, { ...NO_PICTURE, givenCodes: wish.codes })]
    const outcome = wish.kind === 'refuse' ? wish.refused : withinPixels(pictures.shift()!, config.imagePixels)
    if (isDecodingRefusal(outcome)) return [setAsideRecord(topics.setAside, record, { code: outcome.refused, message: outcome.message, stage: 'ingest' })]
    return [itemRecord(topics.items, (wish as { key: Buffer }).key, record, pictureFields(outcome))]
  })
}

function wishOf (record: LogRecord, imageBytes: number): Wish {
  const { key, value } = record
  if (value === null && key === null) return refuse('HAMMINGBIRD_IMAGE_ID', 'a message without key and value says nothing')
  const given = value !== null && hasGivenCodes(record)
  try {
    // An id is checked before anything is done for it: also a tombstone's, whose key goes on into C.items.
    const id = key === null || key.length === 0 ? given ? noId() : idOfBytes(value ?? Buffer.alloc(0)) : imageIdOf(key)
    if (value === null) return { kind: 'delete', key: Buffer.from(id) }
    if (given) return { kind: 'codes', key: Buffer.from(id), codes: readGivenCodes(value) }
    if (value.length > imageBytes) return refuse('HAMMINGBIRD_IMAGE_TOO_LARGE', `an image of at most ${imageBytes} bytes is taken, this one has ${value.length}`)
    return { kind: 'index', key: Buffer.from(id), image: value }
  } catch (err) {
    if (!(err instanceof HammingbirdError)) throw err
    return refuse(codeOf(err), err.message)
  }
}

/** A collection may take fewer pixels than a decoder does. */
function withinPixels (outcome: CanonicalPicture | DecodingRefusal, imagePixels: number): CanonicalPicture | DecodingRefusal {
  if (isDecodingRefusal(outcome) || outcome.originalWidth * outcome.originalHeight <= imagePixels) return outcome
  return { refused: 'HAMMINGBIRD_IMAGE_TOO_LARGE', message: `an image of at most ${imagePixels} pixels is taken, this one has ${outcome.originalWidth}×${outcome.originalHeight}` }
}

function noId (): never {
  throw new HammingbirdError('HAMMINGBIRD_IMAGE_ID', 'codes are given under the id of their image: they do not tell it')
}

function refuse (refused: DecodingRefusal['refused'], message: string): Wish {
  return { kind: 'refuse', refused: { refused, message } }
}

type PictureFields = Pick<ItemRecord, 'picture' | 'canonical' | 'width' | 'height' | 'format' | 'pictureWidth' | 'pictureHeight' | 'givenCodes'>

const NO_PICTURE: PictureFields = { picture: Buffer.alloc(0), canonical: 0, width: 0, height: 0, format: '', pictureWidth: 0, pictureHeight: 0, givenCodes: {} }

function pictureFields ({ bytes, width, height, format, originalWidth, originalHeight }: CanonicalPicture): PictureFields {
  return { picture: bytes, canonical: CANONICAL_VERSION, width: originalWidth, height: originalHeight, format, pictureWidth: width, pictureHeight: height, givenCodes: {} }
}

function itemRecord (topic: string, key: Buffer, record: LogRecord, fields: PictureFields): NewRecord {
  const { labels, metadata, uri, capturedAtMs } = readImageHeaders(record.headers)
  return {
    topic,
    key,
    value: Buffer.from(ItemRecord.encode({
      ...fields,
      labels: [...labels],
      metadata: { ...metadata },
      uri,
      capturedAtMs,
      sha256: createHash('sha256').update(record.value!).digest(),
      sourcePartition: record.partition,
      sourceOffset: record.offset,
      publishedAtMs: record.timestampMs
    }).finish())
  }
}
