import { HammingbirdError, type ErrorCode } from '../../errors.js'
import type { CatalogServiceServer, PublishRequest, PublishResponse } from '../../proto/gen/hammingbird/v1/catalog.js'
import type { Engine } from '../engine.js'
import type { Calls } from './calls.js'
import { inOrder } from './in-order.js'

/** Of one Publish stream, so that a fast producer fills the log's batches and no producer the memory: codes weigh nothing beside images. */
const IN_HAND = { requests: 64, bytes: 32 * 1024 * 1024, weigh: ({ image }: PublishRequest) => image.length }

/** What is wrong with one image or what is said of it: refused, and the stream goes on. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'HAMMINGBIRD_INVALID', 'HAMMINGBIRD_MESSAGE_TOO_LARGE', 'HAMMINGBIRD_IMAGE_ID', 'HAMMINGBIRD_IMAGE_UNREADABLE', 'HAMMINGBIRD_IMAGE_FORMAT',
  'HAMMINGBIRD_IMAGE_TOO_LARGE', 'HAMMINGBIRD_IMAGE_TIMEOUT', 'HAMMINGBIRD_IMAGE_KILLS', 'HAMMINGBIRD_CODE_WIDTH', 'HAMMINGBIRD_ALREADY_EXISTS'
])

export function catalogService (engine: Engine, calls: Calls): CatalogServiceServer {
  return {
    publish: calls.bidi((requests, signal) => inOrder(requests, IN_HAND, request => publish(engine, request, signal))),
    getItem: calls.unary(async (request, signal) => ({ item: await engine.getItem(request, signal) })),
    deleteItems: calls.unary(async (request, signal) => ({ positions: [...await engine.deleteItems(request, signal)] })),
    setLabels: calls.unary(async (request, signal) => ({ position: await engine.setLabels(request, signal) })),
    exportItems: calls.serverStream(async function * (request, signal) {
      for await (const item of engine.exportItems(request, signal)) yield { item }
    }),
    getStatus: calls.unary(({ collection }, signal) => engine.status(collection, signal))
  }
}

async function publish (engine: Engine, request: PublishRequest, signal: AbortSignal): Promise<PublishResponse> {
  try {
    const { id, position } = await engine.publish(request, signal)
    return { id, result: { $case: 'position', value: position } }
  } catch (err) {
    if (!(err instanceof HammingbirdError) || !REFUSALS.has(err.code)) throw err
    return { id: request.id, result: { $case: 'refusal', value: { code: err.code, message: err.message } } }
  }
}
