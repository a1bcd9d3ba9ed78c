import type { AdminServiceServer } from '../../proto/gen/hammingbird/v1/admin.js'
import type { Engine } from '../engine.js'
import type { Calls } from './calls.js'
import { notBuilt } from './not-built.js'

export function adminService ({ admin }: Engine, calls: Calls): AdminServiceServer {
  return {
    snapshot: calls.serverStream(admin?.snapshot?.bind(admin) ?? notBuilt('Snapshot gives one archive of a collection, written while serving')),
    drain: calls.unary(admin?.drain?.bind(admin) ?? notBuilt('Drain finishes what is in hand, refuses what is new, then ends the server'))
  }
}
