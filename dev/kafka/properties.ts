import { join } from 'node:path'

/** Where one broker listens and keeps its data. */
export interface BrokerPlace {
  readonly dir: string
  readonly port: number
  readonly controllerPort: number
}

export type Overrides = Readonly<Record<string, string | number | boolean>>

/** The server.properties of a single broker in KRaft mode, on the loopback only. `overrides` win. */
export function serverProperties ({ dir, port, controllerPort }: BrokerPlace, overrides: Overrides): string {
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': join(dir, 'log'),
    'auto.create.topics.enable': false,
    // One node: every internal topic has one replica, and few partitions so that it loads fast.
    'offsets.topic.num.partitions': 1,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0, // 3000 by default: the first join of every group would wait for it
    'group.min.session.timeout.ms': 1000, // 6000 by default: tests of silent members would take as long
    'broker.session.timeout.ms': 2500, // 9000 by default: after a SIGKILL the next start waits for it
    'broker.heartbeat.interval.ms': 500,
    // A small machine.
    'num.network.threads': 2,
    'num.io.threads': 2,
    'background.threads': 2,
    'log.cleaner.threads': 1,
    'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
    'message.max.bytes': 18 * 1024 * 1024,
    ...overrides
  }
  return Object.entries(properties).map(([key, value]) => `${key}=${value}\n`).join('')
}
