import type { Http2Server, ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type { Server } from '@grpc/grpc-js'

/**
 * From here on the connections of a server that is bound keep their open streams as `OpenStreams`.
 *
 * Node.js has a Map for them. A Map that has seen as many insertions as it has room gets a new table, and the old one goes on
 * pointing to it, for iterators. Once one of them is old, and dead, everything that comes behind it is kept until the next full
 * collection: each table, and the calls that were open when it was left. With 32 calls at a time that is most of what a call
 * leaves, young collections take three times as long as they need to, and full ones come every two seconds.
 *
 * There is no setting for it; a Node.js or a grpc-js that is laid out otherwise is left alone.
 */
export function keepStreamsYoung (server: Server): void {
  const { http2Servers } = server as unknown as { readonly http2Servers?: unknown }
  if (!(http2Servers instanceof Map)) return
  for (const http2 of http2Servers.keys() as Iterable<Http2Server>) http2.prependListener('session', replaceStreams)
}

function replaceStreams (session: ServerHttp2Session): void {
  const state = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'state')
  const held = state && (session as unknown as Record<symbol, { streams?: { readonly size?: unknown } }>)[state]
  if (held?.streams?.size === 0) held.streams = new OpenStreams<ServerHttp2Stream>()
}

/** What Node.js asks of a connection's streams, by their ids; in an object, whose tables know nothing of one another. */
export class OpenStreams<T> {
  readonly #streams = Object.create(null) as Record<number, T>
  #size = 0

  get size (): number {
    return this.#size
  }

  get (id: number): T | undefined {
    return this.#streams[id]
  }

  set (id: number, stream: T): this {
    if (!(id in this.#streams)) this.#size++
    this.#streams[id] = stream
    return this
  }

  delete (id: number): boolean {
    if (!(id in this.#streams)) return false
    delete this.#streams[id]
    this.#size--
    return true
  }

  /** Of those that are there now: they may go while they are gone through. */
  forEach (visit: (stream: T, id: number) => void): void {
    for (const [id, stream] of Object.entries(this.#streams)) visit(stream, Number(id))
  }
}
