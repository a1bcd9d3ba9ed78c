import type { SetAsideServiceServer } from '../../proto/gen/hammingbird/v1/set_aside.js'
import type { Engine } from '../engine.js'
import type { Calls } from './calls.js'

export function setAsideService (engine: Engine, calls: Calls): SetAsideServiceServer {
  return {
    listSetAside: calls.unary((request, signal) => engine.listSetAside(request, signal)),
    getSetAside: calls.unary((request, signal) => engine.getSetAside(request, signal)),
    replay: calls.unary((request, signal) => engine.replay(request, signal))
  }
}
