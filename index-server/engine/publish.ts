import { HammingbirdError, invalid } from '../../errors.js'
import type { Headers, Position } from '../../log/log.js'
import type { PublishRequest } from '../../proto/gen/hammingbird/v1/catalog.js'
import { cameAsCodes, givenCodesMessage, MOST_GIVEN_CODES } from '../../topics/given-codes.js'
import { writeImageHeaders } from '../../topics/image-headers.js'
import { idOfBytes } from '../../topics/image-id.js'
import { VERSION_NAME } from '../../topics/names.js'
import type { ServedCollection } from '../served-collection.js'
import * as valid from '../validate.js'
import type { EngineContext } from './context.js'
import { manifestOf } from './models.js'

/** What is to be written to C.images under an id. */
interface ImageMessage {
  readonly id: string
  readonly value: Buffer
  readonly headers: Headers
}

/** When what was last looked up is there: it is written before what came behind it. */
const lookedUp = new WeakMap<ServedCollection, Promise<void>>()

/**
 * Writes an image, or codes in place of one, to C.images and nowhere else: codes go the way of every image, so that position,
 * restart and backfill mean the same for them. Calls are written in the order in which they were made.
 *
 * @returns its id, and its position there: not searchable yet, but never lost.
 */
export async function publish ({ log, served }: Pick<EngineContext, 'log' | 'served'>, request: PublishRequest): Promise<{ readonly id: string, readonly position: Position }> {
  const target = served(request.collection)
  const { topics } = target.collection
  let message: ImageMessage
  const ahead = lookedUp.get(target)
  if (Object.keys(request.codes).length > 0) {
    const turn = Promise.allSettled([codesMessage(target, request), ahead])
    lookedUp.set(target, turn.then(() => undefined))
    const [made] = await turn
    if (made.status === 'rejected') throw made.reason
    message = made.value
  } else {
    message = imageMessage(target, request)
    if (ahead !== undefined) await ahead
  }
  const { id, value, headers } = message
  const [position] = await log.append([{
    topic: topics.images,
    key: Buffer.from(id),
    value,
    headers: {
      ...writeImageHeaders({
        labels: valid.labels(request.labels),
        metadata: valid.metadata(request.metadata),
        uri: valid.uri(request.uri),
        capturedAtMs: valid.timestamp(request.capturedAt, 'captured_at')
      }),
      ...headers
    }
  }])
  return { id, position: position! }
}

function imageMessage ({ collection }: ServedCollection, { id, image }: PublishRequest): ImageMessage {
  valid.imageBytes(image, collection.config.imageBytes)
  return { id: id === '' ? idOfBytes(image) : valid.imageId(id), value: image, headers: {} }
}

/**
 * An id with an image keeps it: codes in its place would take its picture, and with it what other versions find it by. That is told by
 * what is applied so far: of an image and codes that are published at once, the last in the log stands, as of two images.
 */
async function codesMessage (target: ServedCollection, { id, image, codes }: PublishRequest): Promise<ImageMessage> {
  if (image.length > 0) throw invalid('codes', 'an image, or codes in place of one: not both')
  const entries = Object.entries(codes)
  if (entries.length > MOST_GIVEN_CODES) throw invalid('codes', `of at most ${MOST_GIVEN_CODES} versions, got ${entries.length}`)
  for (const [version, code] of entries) {
    if (!VERSION_NAME.test(version)) throw invalid(`codes[${version}]`, 'under the name of a version such as v7: an alias moves')
    valid.codeWidth(code, manifestOf(target, version).bits, `codes[${version}]`)
  }
  const item = await target.store.item(valid.imageId(id))
  if (item !== undefined && !cameAsCodes(item)) throw new HammingbirdError('HAMMINGBIRD_ALREADY_EXISTS', `image ${JSON.stringify(id)} is there with its picture: codes come in place of an image that is not`, { resource: { type: 'image', name: id } })
  return { id, ...givenCodesMessage(codes) }
}
