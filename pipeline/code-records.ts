import type { Decoder, DecodingRefusal } from '../decoder/decoder.js'
import { isRefused, type Encoder, type Encoding, type EncodingRefusal, type Lane } from '../encoder/encoder.js'
import type { Claim, LogRecord, NewRecord } from '../log/log.js'
import type { Envelope } from '../operators/envelope.js'
import { CodeRecord, ItemRecord } from '../proto/gen/hammingbird/v1/log.js'
import type { Manifest } from '../registry/manifest.js'
import type { CollectionTopics } from '../topics/names.js'
import { writeImageHeaders } from '../topics/image-headers.js'
import { isProgress } from '../topics/progress.js'
import { setAsideRecord } from '../topics/set-aside.js'
import type { Written } from './commit.js'

/** A message of C.items with its pixels in the model's form, or why there are none; the code where it was given with the item; nothing for what is no item. */
export interface Pixelled {
  readonly record: LogRecord
  readonly pixels: Uint8Array | DecodingRefusal | Encoding | undefined
}

type Work<T, R> = (batch: readonly Envelope<T>[]) => Promise<readonly Envelope<R>[]>

/** Decodes the pictures of a batch of items, and looks up the codes of those that have none. */
export function pixelsOfItems (decoder: Pick<Decoder, 'pixels'>, { input, version, bits }: Manifest, lane: () => Lane, claim: Pick<Claim, 'beat'>): Work<LogRecord, Pixelled> {
  return async batch => {
    const items = batch.map(({ value: record }) => isItem(record) ? ItemRecord.decode(record.value!) : undefined)
    const pictures = items.flatMap(item => item !== undefined && item.picture.length > 0 ? [item.picture] : [])
    const decoded = pictures.length === 0 ? [] : [...await decoder.pixels(pictures, input, lane())]
    claim.beat()
    return batch.map(({ value: record, settle }, i) => {
      const item = items[i]
      return { settle, value: { record, pixels: item === undefined ? undefined : item.picture.length > 0 ? decoded.shift()! : givenCode(item, version, bits) } }
    })
  }
}

/** Encodes a batch, and says what is to be written for each message: one message of C.items, one of C.codes.v. */
export function codesOfPixels (encoder: Pick<Encoder, 'encode'>, { model, version }: { readonly model: string, readonly version: string }, lane: () => Lane, topics: CollectionTopics, claim: Pick<Claim, 'beat'>): Work<Pixelled, Written> {
  const beat = (): void => { claim.beat() }
  const topic = topics.codes(version)
  return async batch => {
    const pixels = batch.flatMap(({ value }) => value.pixels instanceof Uint8Array ? [value.pixels] : [])
    const encoded = pixels.length === 0 ? [] : [...await encoder.encode({ model, lane: lane(), pixels: Buffer.concat(pixels), count: pixels.length, beat })]
    return batch.map(({ value: { record, pixels }, settle }) => {
      if (pixels === undefined) return { settle, value: { record, outputs: [passOn(topic, record)] } }
      const outcome = pixels instanceof Uint8Array ? encoded.shift()! : pixels
      const outputs = [codeRecord(topic, record, outcome)]
      // Without a picture there is nothing to look at, and nothing that a replay could publish again.
      if (isRefused(outcome) && outcome.refused !== 'HAMMINGBIRD_NO_PICTURE') outputs.push(setAsideRecord(topics.setAside, asImage(record), { code: outcome.refused, message: outcome.message, stage: `encode ${version}` }))
      return { settle, value: { record, outputs } }
    })
  }
}

/** A code that was given for a version is its code: nothing is encoded for it, now or in a backfill. */
function givenCode ({ givenCodes }: ItemRecord, version: string, bits: number): Encoding | EncodingRefusal {
  const code = givenCodes[version]
  if (code !== undefined && code.length * 8 === bits) return { code }
  return { refused: 'HAMMINGBIRD_NO_PICTURE', message: `no picture to encode, and no code of ${bits} bits was given for ${version}` }
}

function isItem ({ key, value }: LogRecord): boolean {
  return value !== null && !isProgress(key)
}

/** A tombstone or a record of progress goes on as it is, in its place: progress stands behind the codes of earlier items. */
function passOn (topic: string, { partition, key, value, headers }: LogRecord): NewRecord {
  return { topic, partition, key, value, headers }
}

/** An item as the image it could be published as again: its picture, and what was said of it. */
function asImage (record: LogRecord): LogRecord {
  const { picture, labels, metadata, uri, capturedAtMs } = ItemRecord.decode(record.value!)
  return { ...record, value: picture, headers: writeImageHeaders({ labels, metadata, uri, capturedAtMs }) }
}

function codeRecord (topic: string, { partition, offset, key }: LogRecord, outcome: Encoding | EncodingRefusal): NewRecord {
  const value = CodeRecord.encode({
    itemOffset: offset,
    outcome: isRefused(outcome) ? { $case: 'refused', value: outcome.refused } : { $case: 'code', value: Buffer.from(outcome.code) },
    detail: isRefused(outcome) || outcome.detail === undefined ? Buffer.alloc(0) : Buffer.from(outcome.detail.buffer, outcome.detail.byteOffset, outcome.detail.length)
  }).finish()
  return { topic, partition, key, value: Buffer.from(value) }
}
