import { invalid } from '../../errors.js'
import { cifar10Protocols } from './cifar10.js'
import { corelProtocol } from './corel5k.js'
import { drawnProtocol } from './drawn.js'
import type { Protocol } from './protocol.js'

export const protocols: ReadonlyMap<string, Protocol> = new Map([...cifar10Protocols, corelProtocol, drawnProtocol].map(protocol => [protocol.name, protocol]))

/** @throws HammingbirdError `HAMMINGBIRD_INVALID`, naming those there are. */
export function protocolOf (name: string): Protocol {
  const protocol = protocols.get(name)
  if (protocol === undefined) throw invalid('protocol', `there is no ${name}; there are ${[...protocols.keys()].join(', ')}`)
  return protocol
}
