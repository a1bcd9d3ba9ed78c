import { isDecodingRefusal, type Decoder } from '../../decoder/decoder.js'
import { isRefused, type Encoder } from '../../encoder/encoder.js'
import { HammingbirdError, notFound } from '../../errors.js'
import type { SearchRequest } from '../../proto/gen/hammingbird/v1/search.js'
import type { Subject } from '../search/image-query.js'
import { whenHere, type Caller, type Soon } from '../soon.js'
import type { ServedCollection } from '../served-collection.js'
import type { StoredItem } from '../store/collection-store.js'
import * as valid from '../validate.js'

/**
 * What a query is compared with under one version: that of a stored image, a code as it is, or an image file, which goes through the
 * same canonical form as published images, so that an image finds itself at distance 0.
 */
export function subjectOf (served: ServedCollection, version: string, query: NonNullable<SearchRequest['query']>, decoder: Decoder, encoder: Encoder, caller: Caller): Soon<Subject> {
  switch (query.$case) {
    case 'code': return { code: valid.codeWidth(query.value, served.store.codes(version).bits) }
    case 'id': return storedSubject(served, version, query.value)
    case 'image': return encodeImage(served, version, query.value, decoder, encoder, caller.signal)
  }
}

function storedSubject ({ name, store }: ServedCollection, version: string, id: string): Soon<Subject> {
  return whenHere(store.item(id), item => subjectOfItem(name, version, id, item))
}

function subjectOfItem (name: string, version: string, id: string, item: StoredItem | undefined): Subject {
  if (item === undefined) throw notFound('image', id)
  const code = item.codes.get(version)
  if (code === undefined) throw new HammingbirdError('HAMMINGBIRD_VERSION_NOT_READY', `image ${JSON.stringify(id)} of ${name} has no code under ${version} yet: try again`)
  if ('refused' in code) throw new HammingbirdError(code.refused, `image ${JSON.stringify(id)} was set aside under ${version}`)
  return { code: code.code, ordinal: code.ordinal, ...(code.detail === undefined ? {} : { detail: code.detail }) }
}

async function encodeImage (served: ServedCollection, version: string, image: Buffer, decoder: Decoder, encoder: Encoder, signal: AbortSignal | undefined): Promise<Subject> {
  const { config, versions } = served.collection
  const model = served.model(version)
  valid.imageBytes(image, config.imageBytes)
  const [picture] = await decoder.canonical([image], signal, 'query')
  if (isDecodingRefusal(picture!)) throw new HammingbirdError(picture.refused, `image: ${picture.message}`)
  const { input } = versions.state.manifests.get(version)!
  const [pixels] = await decoder.pixels([picture!.bytes], input, 'query')
  if (isDecodingRefusal(pixels!)) throw new HammingbirdError(pixels.refused, `image: ${pixels.message}`)
  const [encoding] = await encoder.encode({ model, lane: 'query', pixels: pixels!, count: 1, outputs: true })
  if (isRefused(encoding!)) throw new HammingbirdError(encoding.refused, `image: ${encoding.message}`)
  const { code, outputs, detail } = encoding!
  return { code, ...(outputs === undefined ? {} : { outputs }), ...(detail === undefined ? {} : { detail: new Uint8Array(detail.buffer, detail.byteOffset, detail.length) }) }
}
