import { Metadata, type CallOptions as GrpcCallOptions, type Client, type ClientDuplexStream, type MethodDefinition, type ServiceError } from '@grpc/grpc-js'
import { HammingbirdError } from '../errors.js'
import { errorOf } from './error-of.js'

export interface CallOptions {
  /** Ends the call: it rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** Longest the call may take, the server's work included. @default the client's `timeoutMs`; streams have none */
  readonly timeoutMs?: number
}

/** A stream open in both directions. */
export interface OpenStream<I, O> {
  /** Resolves when the stream takes more: true, or false when it is over; `answers` says why. */
  send (request: I): Promise<boolean>
  /** No more requests. */
  end (): void
  readonly answers: AsyncIterable<O>
  /** Takes the call back, if it still runs. */
  cancel (): void
}

/** Calls methods of any service over one connection; every error is a HammingbirdError, or the reason of the caller's signal. */
export class Calls {
  readonly #client: Client
  readonly #server: string
  /** Longest wait for an answer. */
  readonly timeoutMs: number
  #closed = false

  constructor (client: Client, server: string, timeoutMs: number) {
    this.#client = client
    this.#server = server
    this.timeoutMs = timeoutMs
  }

  unary<I, O> (method: MethodDefinition<I, O>, request: I, { signal, timeoutMs = this.timeoutMs }: CallOptions = {}): Promise<O> {
    return new Promise((resolve, reject) => {
      this.#begin(signal)
      const call = this.#client.makeUnaryRequest(method.path, method.requestSerialize, method.responseDeserialize, request, new Metadata(), deadline(timeoutMs), (err, answer) => {
        signal?.removeEventListener('abort', cancel)
        if (err) reject(this.#failure(err, signal))
        else resolve(answer!)
      })
      const cancel = () => call.cancel()
      signal?.addEventListener('abort', cancel, { once: true })
    })
  }

  async * serverStream<I, O> (method: MethodDefinition<I, O>, request: I, { signal, timeoutMs }: CallOptions = {}): AsyncGenerator<O, void, undefined> {
    this.#begin(signal)
    const call = this.#client.makeServerStreamRequest(method.path, method.requestSerialize, method.responseDeserialize, request, new Metadata(), deadline(timeoutMs))
    const cancel = () => call.cancel()
    signal?.addEventListener('abort', cancel, { once: true })
    try {
      for await (const answer of call) yield answer as O
    } catch (err) {
      throw this.#failure(err, signal)
    } finally {
      signal?.removeEventListener('abort', cancel)
      call.cancel()
    }
  }

  /** Sends requests as fast as the server takes them, and resolves with its one answer; the server's error, or that of the requests. */
  clientStream<I, O> (method: MethodDefinition<I, O>, requests: AsyncIterable<I> | Iterable<I>, { signal, timeoutMs }: CallOptions = {}): Promise<O> {
    return new Promise((resolve, reject) => {
      this.#begin(signal)
      let over = false
      let failure: { readonly error: unknown } | undefined
      const call = this.#client.makeClientStreamRequest(method.path, method.requestSerialize, method.responseDeserialize, new Metadata(), deadline(timeoutMs), (err, answer) => {
        over = true
        signal?.removeEventListener('abort', cancel)
        if (failure) reject(failure.error)
        else if (err) reject(this.#failure(err, signal))
        else resolve(answer!)
      })
      const cancel = () => call.cancel()
      signal?.addEventListener('abort', cancel, { once: true })
      const send = async () => {
        for await (const request of requests) {
          if (over) return
          if (!call.write(request)) await drained(call)
        }
        call.end()
      }
      send().catch((error: unknown) => {
        failure = { error }
        cancel()
      })
    })
  }

  bidi<I, O> (method: MethodDefinition<I, O>, { signal, timeoutMs }: CallOptions = {}): OpenStream<I, O> {
    this.#begin(signal)
    const call = this.#client.makeBidiStreamRequest(method.path, method.requestSerialize, method.responseDeserialize, new Metadata(), deadline(timeoutMs))
    const cancel = () => call.cancel()
    let over = false
    signal?.addEventListener('abort', cancel, { once: true })
    call.on('error', () => {}) // heard by whoever reads the answers, or by nobody who still cares
    call.once('status', () => {
      over = true
      signal?.removeEventListener('abort', cancel)
    })
    return {
      send: async request => {
        if (!over && !call.write(request)) await drained(call)
        return !over
      },
      end: () => call.end(),
      answers: this.#answers(call, signal),
      cancel
    }
  }

  async * #answers<I, O> (call: ClientDuplexStream<I, O>, signal: AbortSignal | undefined): AsyncGenerator<O, void, undefined> {
    try {
      for await (const answer of call.iterator({ destroyOnReturn: false }) as AsyncIterable<O>) yield answer
    } catch (err) {
      throw this.#failure(err, signal)
    }
  }

  /** New calls are refused; those in hand go on to their end. */
  close (): void {
    this.#closed = true
    this.#client.close()
  }

  #begin (signal: AbortSignal | undefined): void {
    if (this.#closed) throw new HammingbirdError('HAMMINGBIRD_NOT_OPEN', 'the client is closed')
    signal?.throwIfAborted()
  }

  #failure (err: unknown, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted) return signal.reason
    return err instanceof Error && 'details' in err ? errorOf(err as ServiceError, this.#server) : err
  }
}

/** Resolves when the stream takes more, or is over. */
function drained (call: NodeJS.EventEmitter): Promise<void> {
  return new Promise(resolve => {
    const done = () => {
      call.off('drain', done)
      call.off('status', done)
      resolve()
    }
    call.on('drain', done)
    call.on('status', done)
  })
}

function deadline (timeoutMs: number | undefined): GrpcCallOptions {
  return timeoutMs === undefined || timeoutMs === Infinity ? {} : { deadline: Date.now() + timeoutMs }
}
