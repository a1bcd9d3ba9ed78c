import type { handleServerStreamingCall, Server, ServerWritableStream } from '@grpc/grpc-js'
import { HealthImplementation } from 'grpc-health-check'

/** grpc.health.v1: the whole server under the name "", and each service under its own. */
export class Health {
  readonly #implementation = new HealthImplementation()
  readonly #serving = new Set<string>()
  readonly #watchers = new Set<ServerWritableStream<unknown, unknown>>()

  /** @param serving whether something of the service is there to be called. */
  set (service: string, serving: boolean): void {
    this.#implementation.setStatus(service, serving ? 'SERVING' : 'NOT_SERVING')
    if (serving) this.#serving.add(service)
  }

  addTo (server: Server): void {
    this.#implementation.addToServer({
      addService: (definition, { watch, ...rest }) => {
        const watchUntilClosed: handleServerStreamingCall<unknown, unknown> = call => {
          this.#watchers.add(call)
          call.once('cancelled', () => this.#watchers.delete(call)) // however it ends
          ;(watch as handleServerStreamingCall<unknown, unknown>)(call)
        }
        server.addService(definition, { ...rest, watch: watchUntilClosed } as Parameters<Server['addService']>[1])
      }
    })
  }

  /** Says so to all who watch, then ends their streams: they have no end of their own, and a shutdown would wait for them. */
  close (): void {
    for (const service of this.#serving) this.set(service, false)
    for (const call of this.#watchers) call.end()
  }
}
