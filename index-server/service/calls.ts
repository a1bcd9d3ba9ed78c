import { once } from 'node:events'
import type { handleBidiStreamingCall, handleClientStreamingCall, handleServerStreamingCall, handleUnaryCall, ServerDuplexStream, ServerReadableStream, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js'
import { HammingbirdError } from '../../errors.js'
import type { Caller, Soon } from '../soon.js'
import { failureOf, type Failure, type ServiceLog } from './status.js'

/** What all four kinds of calls have. */
interface AnyCall {
  getDeadline (): Date | number
  getPath (): string
  once (event: 'cancelled', listener: () => void): unknown
  off (event: 'cancelled', listener: () => void): unknown
}

/**
 * Turns functions into handlers of grpc-js: promises and async iterables on our side, with a signal that aborts when the
 * caller's deadline passes, when he goes away, or when the server will wait no longer while it closes. Every error ends
 * the call as `failureOf` says. Answers wait for the caller to take them.
 */
export class Calls {
  readonly #closing = new AbortController()
  /** How to end each call that is open, and which of them have no end of their own. */
  readonly #open = new Set<(reason: HammingbirdError) => void>()
  readonly #standing = new Set<(reason: HammingbirdError) => void>()
  readonly #log: ServiceLog

  constructor (log: ServiceLog) {
    this.#log = log
  }

  unary<I, O> (handle: (request: I, signal: AbortSignal) => Promise<O>): handleUnaryCall<I, O> {
    return (call, callback) => this.#answer(call, callback, signal => handle(call.request, signal))
  }

  /** For what is often answered at once: then nothing is made to wait with. */
  prompt<I, O> (handle: (request: I, caller: Caller) => Soon<O>): handleUnaryCall<I, O> {
    return (call, callback) => {
      const caller = new PromptCaller()
      let answer: Soon<O>
      try {
        answer = handle(call.request, caller)
      } catch (err) {
        return callback(failureOf(err, this.#log, call.getPath()))
      }
      if (!(answer instanceof Promise)) return callback(null, answer)
      const promise = answer
      return this.#answer(call, callback, () => promise, caller.controller)
    }
  }

  clientStream<I, O> (handle: (requests: AsyncIterable<I>, signal: AbortSignal) => Promise<O>): handleClientStreamingCall<I, O> {
    return (call, callback) => this.#answer(call, callback, signal => handle(requestsOf(call), signal))
  }

  /** @param standing whether the stream has no end of its own: it ends when the server begins to close. */
  serverStream<I, O> (handle: (request: I, signal: AbortSignal) => AsyncIterable<O>, standing = false): handleServerStreamingCall<I, O> {
    return call => this.#stream(call, signal => handle(call.request, signal), standing)
  }

  /** The caller's requests come to an end, with `HAMMINGBIRD_NOT_OPEN`, when the server begins to close. */
  bidi<I, O> (handle: (requests: AsyncIterable<I>, signal: AbortSignal) => AsyncIterable<O>): handleBidiStreamingCall<I, O> {
    return call => {
      const requests = until(this.#closing.signal, requestsOf<I>(call))
      return this.#stream(call, signal => handle(requests, signal), false)
    }
  }

  /** Brings streams that have no end of their own to one. */
  beginClosing (): void {
    this.#closing.abort(closed())
    for (const end of this.#standing) end(closed())
  }

  /** Ends every call that is still open, with `HAMMINGBIRD_NOT_OPEN`. */
  endAll (): void {
    for (const end of this.#open) end(closed())
  }

  async #answer<O> (call: AnyCall, callback: sendUnaryData<O>, work: (signal: AbortSignal) => Promise<O>, controller = new AbortController()): Promise<void> {
    let answer: O
    try {
      answer = await this.#run(call, work, false, controller)
    } catch (err) {
      return callback(err as Failure)
    }
    callback(null, answer)
  }

  async #stream<O> (call: ServerWritableStream<unknown, O> | ServerDuplexStream<unknown, O>, answers: (signal: AbortSignal) => AsyncIterable<O>, standing: boolean): Promise<void> {
    try {
      await this.#run(call, signal => send(call, answers(signal), signal), standing)
      call.end()
    } catch (err) {
      call.emit('error', err as Failure & Error) // grpc-js's way to end a stream with a status: nothing is thrown
    }
  }

  /** Rejects with what grpc-js is to end the call with. */
  async #run<O> (call: AnyCall, work: (signal: AbortSignal) => Promise<O>, standing: boolean, controller = new AbortController()): Promise<O> {
    const { signal } = controller
    let end = (_reason: HammingbirdError) => {}
    // Work that does not heed the signal is not waited for.
    const ended = new Promise<never>((_resolve, reject) => {
      end = reason => {
        controller.abort(reason)
        reject(reason)
      }
    })
    // grpc-js has ended the call by then: the reason is for the work and is not sent.
    const gone = () => end(Number(call.getDeadline()) <= Date.now()
      ? new HammingbirdError('HAMMINGBIRD_DEADLINE', 'the caller\'s deadline passed')
      : new HammingbirdError('HAMMINGBIRD_CANCELLED', 'the caller went away'))
    call.once('cancelled', gone)
    this.#open.add(end)
    if (standing) this.#standing.add(end)
    try {
      return await Promise.race([ended, work(signal)])
    } catch (err) {
      throw failureOf(signal.aborted ? signal.reason : err, this.#log, call.getPath())
    } finally {
      call.off('cancelled', gone)
      this.#open.delete(end)
      this.#standing.delete(end)
    }
  }
}

/**
 * A class, not an object with a getter of its own: V8 would make a hidden class for each of those, which keeps the getter, and with
 * it the call and all that belongs to it, until the next full collection.
 */
class PromptCaller implements Caller {
  #controller: AbortController | undefined

  get controller (): AbortController {
    return this.#controller ??= new AbortController()
  }

  get signal (): AbortSignal {
    return this.controller.signal
  }
}

function closed (): HammingbirdError {
  return new HammingbirdError('HAMMINGBIRD_NOT_OPEN', 'the server is closing')
}

/**
 * The requests of a stream; throws when the caller goes away before he has ended it. Not the stream's own iterator: that
 * one destroys the stream on an error, and the error with it, which is still to be sent.
 */
async function * requestsOf<I> (call: ServerReadableStream<I, unknown> | ServerDuplexStream<I, unknown>): AsyncGenerator<I, void, undefined> {
  let wake = () => {}
  const look = () => wake()
  const events = ['readable', 'end', 'close'] as const
  for (const event of events) call.on(event, look)
  try {
    while (true) {
      const request = call.read() as I | null
      if (request !== null) yield request
      else if (call.readableEnded) return
      else if (call.destroyed) throw new HammingbirdError('HAMMINGBIRD_CANCELLED', 'the caller went away')
      else await new Promise<void>(resolve => { wake = resolve })
    }
  } finally {
    for (const event of events) call.off(event, look)
  }
}

/** Throws the signal's reason in place of the next value, once it has aborted. */
async function * until<T> (signal: AbortSignal, values: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  const source = values[Symbol.asyncIterator]()
  // Not a race with one promise for the whole stream: that promise would keep every value alive to the end.
  let stop = () => {}
  const abort = () => stop()
  signal.addEventListener('abort', abort, { once: true })
  try {
    while (true) {
      signal.throwIfAborted()
      const { done, value } = await new Promise<IteratorResult<T>>((resolve, reject) => {
        stop = () => reject(signal.reason)
        source.next().then(resolve, reject)
      })
      if (done === true) return
      yield value
    }
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** Sends answers as the caller takes them. */
async function send<O> (call: ServerWritableStream<unknown, O> | ServerDuplexStream<unknown, O>, answers: AsyncIterable<O>, signal: AbortSignal): Promise<void> {
  for await (const answer of answers) {
    signal.throwIfAborted()
    if (!call.write(answer)) await once(call, 'drain', { signal })
  }
}
