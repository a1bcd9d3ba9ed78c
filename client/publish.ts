import { CatalogServiceService, PublishRequest } from '../proto/gen/hammingbird/v1/catalog.js'
import type { Position } from '../proto/gen/hammingbird/v1/common.js'
import { HammingbirdError } from '../errors.js'
import type { CallOptions, Calls } from './calls.js'

export interface NewImage extends ImageFacts {
  /** @default sha256- and 32 hex digits of the bytes */
  readonly id?: string
  /** A whole image file. */
  readonly image: Uint8Array
}

/** An image that others have encoded, with the same model, and that is not given itself. */
export interface CodedImage extends ImageFacts {
  /** New, or of one that came with codes before. */
  readonly id: string
  /** By the version's name. Other versions find no code for it. */
  readonly codes: Readonly<Record<string, Uint8Array>>
}

interface ImageFacts {
  readonly labels?: readonly string[]
  readonly uri?: string
  readonly capturedAt?: Date
  readonly metadata?: Readonly<Record<string, string>>
}

/** How the server answered one image. */
export interface Published<T extends NewImage | CodedImage> {
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
/** What a timer of Node's takes. */
const MOST_MS = 2 ** 31 - 1

/**
 * Publishes images over one stream, reading on only as they are answered.
 *
 * - Order: that of the images.
 * - Completion: after the answer to the last image.
 * - Error: the server's, or the images' own. What was answered before is durable; what was not may be or may not:
 *   publishing it again does no harm. `HAMMINGBIRD_DEADLINE` where the client's `timeoutMs` goes by without an answer that is due.
 */
export async function * publish<T extends NewImage | CodedImage> (calls: Calls, collection: string, images: AsyncIterable<T> | Iterable<T>, options: CallOptions = {}): AsyncGenerator<Published<T>, void, undefined> {
  const stream = calls.bidi(CatalogServiceService.publish, options)
  const unanswered: { readonly image: T, readonly tooLarge: boolean }[] = []
  let sent = 0
  let sentBytes = 0
  let stopped = false
  let answered = () => {}

  let failure: { readonly error: unknown } | undefined
  const fail = (error: unknown) => {
    failure ??= { error }
    stream.cancel()
  }
  let due: NodeJS.Timeout | undefined
  const expect = () => {
    clearTimeout(due)
    if (sent > 0) due = setTimeout(() => { fail(new HammingbirdError('HAMMINGBIRD_DEADLINE', `no answer within ${calls.timeoutMs / 1000} s: images that were not answered may be published or not, publish them again`)) }, Math.min(calls.timeoutMs, MOST_MS))
  }

  const full = () => !stopped && (sent >= WINDOW.images || sentBytes >= WINDOW.bytes)
  const send = async () => {
    for await (const image of images) {
      if (stopped) return
      // A message above the limit would end the stream for all.
      const tooLarge = bytesOf(image) > MAX_IMAGE_BYTES
      unanswered.push({ image, tooLarge })
      if (tooLarge) continue
      sent++
      sentBytes += bytesOf(image)
      if (sent === 1) expect()
      if (!await stream.send(requestOf(image, collection))) return
      while (full()) await new Promise<void>(resolve => { answered = resolve })
    }
    stream.end()
  }
  const sending = send().catch(fail)
  const refusedHere = function * () {
    while (unanswered[0]?.tooLarge === true) yield tooLarge(unanswered.shift()!.image)
  }

  try {
    for await (const { id, result } of stream.answers) {
      yield * refusedHere()
      const { image } = unanswered.shift()!
      sent--
      sentBytes -= bytesOf(image)
      clearTimeout(due) // who reads the answers may take their time
      answered()
      yield {
        image,
        id,
        position: result?.$case === 'position' ? result.value : undefined,
        refusal: result?.$case === 'refusal' ? result.value : undefined
      }
      expect()
    }
    await sending
    yield * refusedHere()
  } catch (err) {
    throw failure ? failure.error : err
  } finally {
    clearTimeout(due)
    stopped = true
    answered()
    stream.cancel()
  }
}

function bytesOf (image: NewImage | CodedImage): number {
  return 'image' in image ? image.image.length : Object.values(image.codes).reduce((sum, { length }) => sum + length, 0)
}

function requestOf (image: NewImage | CodedImage, collection: string): PublishRequest {
  const { id = '', labels = [], uri = '', capturedAt, metadata = {} } = image
  const codes = 'image' in image ? {} : Object.fromEntries(Object.entries(image.codes).map(([version, code]) => [version, view(code)]))
  return { collection, id, image: 'image' in image ? view(image.image) : Buffer.alloc(0), codes, labels: [...labels], uri, capturedAt, metadata: { ...metadata } }
}

function view ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

function tooLarge<T extends NewImage | CodedImage> (image: T): Published<T> {
  const message = `an image file has at most ${MAX_IMAGE_BYTES} bytes, this one has ${bytesOf(image)}`
  return { image, id: image.id ?? '', position: undefined, refusal: { code: 'HAMMINGBIRD_IMAGE_TOO_LARGE', message } }
}
