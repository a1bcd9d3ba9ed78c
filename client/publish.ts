import { CatalogServiceService, PublishRequest } from '../proto/gen/hammingbird/v1/catalog.js'
import type { Position } from '../proto/gen/hammingbird/v1/common.js'
import type { CallOptions, Calls } from './calls.js'

export interface NewImage {
  /** @default sha256- and 32 hex digits of the bytes */
  readonly id?: string
  /** A whole image file. */
  readonly image: Uint8Array
  readonly labels?: readonly string[]
  readonly uri?: string
  readonly capturedAt?: Date
  readonly metadata?: Readonly<Record<string, string>>
}

/** How the server answered one image. */
export interface Published<T extends NewImage> {
  /** What was published: the same object. */
  readonly image: T
  readonly id: string
  /** In the images topic, where it is durable; `undefined` when it was refused. */
  readonly position: Position | undefined
  /** Why it was not taken. */
  readonly refusal: { readonly code: string, readonly message: string } | undefined
}

/** The largest image file a server takes. */
export const MAX_IMAGE_BYTES = 16 * 1024 * 1024
/** Sent and not answered, at most: enough for the server never to wait, and a bound on memory. */
const WINDOW = { images: 128, bytes: 32 * 1024 * 1024 }

/**
 * Publishes images over one stream, reading on only as they are answered.
 *
 * - Order: that of the images.
 * - Completion: after the answer to the last image.
 * - Error: the server's, or the images' own. What was answered before is durable; what was not may be or may not:
 *   publishing it again does no harm.
 */
export async function * publish<T extends NewImage> (calls: Calls, collection: string, images: AsyncIterable<T> | Iterable<T>, options: CallOptions = {}): AsyncGenerator<Published<T>, void, undefined> {
  const stream = calls.bidi(CatalogServiceService.publish, options)
  const unanswered: { readonly image: T, readonly tooLarge: boolean }[] = []
  let sent = 0
  let sentBytes = 0
  let stopped = false
  let answered = () => {}

  const full = () => !stopped && (sent >= WINDOW.images || sentBytes >= WINDOW.bytes)
  const send = async () => {
    for await (const image of images) {
      if (stopped) return
      // A message above the limit would end the stream for all.
      const tooLarge = image.image.length > MAX_IMAGE_BYTES
      unanswered.push({ image, tooLarge })
      if (tooLarge) continue
      sent++
      sentBytes += image.image.length
      if (!await stream.send(requestOf(image, collection))) return
      while (full()) await new Promise<void>(resolve => { answered = resolve })
    }
    stream.end()
  }
  let failure: { readonly error: unknown } | undefined
  const sending = send().catch((error: unknown) => {
    failure = { error }
    stream.cancel()
  })
  const refusedHere = function * () {
    while (unanswered[0]?.tooLarge === true) yield tooLarge(unanswered.shift()!.image)
  }

  try {
    for await (const { id, result } of stream.answers) {
      yield * refusedHere()
      const { image } = unanswered.shift()!
      sent--
      sentBytes -= image.image.length
      answered()
      yield {
        image,
        id,
        position: result?.$case === 'position' ? result.value : undefined,
        refusal: result?.$case === 'refusal' ? result.value : undefined
      }
    }
    await sending
    yield * refusedHere()
  } catch (err) {
    throw failure ? failure.error : err
  } finally {
    stopped = true
    answered()
    stream.cancel()
  }
}

function requestOf ({ id = '', image, labels = [], uri = '', capturedAt, metadata = {} }: NewImage, collection: string): PublishRequest {
  return { collection, id, image: Buffer.from(image.buffer, image.byteOffset, image.byteLength), labels: [...labels], uri, capturedAt, metadata: { ...metadata } }
}

function tooLarge<T extends NewImage> (image: T): Published<T> {
  const message = `an image file has at most ${MAX_IMAGE_BYTES} bytes, this one has ${image.image.length}`
  return { image, id: image.id ?? '', position: undefined, refusal: { code: 'HAMMINGBIRD_IMAGE_TOO_LARGE', message } }
}
