import type { ConnectionOptions } from 'node:tls'
import { Kafka, logLevel, type Consumer, type ConsumerConfig, type Producer, type SASLOptions } from 'kafkajs'
import { rememberCoordinators } from './coordinators.js'

/** How a Kafka cluster is reached. */
export interface KafkaConnection {
  /** `host:port`, one or more: the rest of the cluster is learned from them. */
  readonly brokers: readonly string[]
  /** Shows in the brokers' logs and quotas. @default hammingbird */
  readonly clientId?: string
  /** TLS: `true` for the machine's certificate authorities, or Node's options (`ca`, `cert`, `key`). @default none */
  readonly tls?: boolean | ConnectionOptions
  /** @default none */
  readonly sasl?: KafkaLogin
}

export interface KafkaLogin {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
  readonly username: string
  readonly password: string
}

/** About 20 s of trying, after which a call is refused with `HAMMINGBIRD_LOG_UNAVAILABLE`. */
const CALL_RETRY = { initialRetryTime: 50, maxRetryTime: 1000, retries: 24 }
/** Kafka refuses a producer's next transaction for some ms, while it ends the former one: the first retry comes soon. */
const TRANSACTION_RETRY = { initialRetryTime: 5, multiplier: 2, maxRetryTime: 1000, retries: 26 }
/** Two minutes: a consumer that has not given up keeps its place in its group when the brokers are back. */
const CONSUMER_RETRY = { initialRetryTime: 100, maxRetryTime: 1000, retries: 120 }

/** How long a fetch waits for records; also how long a position takes to change on a quiet topic. */
export const FETCH_WAIT_MS = 200

export function kafkaOf ({ brokers, clientId = 'hammingbird', tls, sasl }: KafkaConnection): Kafka {
  return new Kafka({
    clientId,
    brokers: [...brokers],
    ...(tls === undefined || tls === false ? {} : { ssl: tls }),
    ...(sasl === undefined ? {} : { sasl: sasl as SASLOptions }),
    connectionTimeout: 3000,
    requestTimeout: 30_000,
    retry: CALL_RETRY,
    logLevel: logLevel.NOTHING // what matters comes as an error
  })
}

/** What it sends again is not there twice: also when a request was answered for some of its partitions only. */
export function producerOf (kafka: Kafka): Producer {
  return kafka.producer({ allowAutoTopicCreation: false, createPartitioner: givenPartition, idempotent: true, maxInFlightRequests: 1 })
}

export function transactionalProducerOf (kafka: Kafka, transactionalId: string): Producer {
  rememberCoordinators()
  return kafka.producer({
    allowAutoTopicCreation: false,
    createPartitioner: givenPartition,
    transactionalId,
    idempotent: true,
    maxInFlightRequests: 1,
    retry: TRANSACTION_RETRY
  })
}

/**
 * A consumer with a client of its own: kafkajs keeps committed positions by group in a table that all consumers of one
 * client share, and two members of one group would spoil it for each other.
 *
 * It never starts itself anew after a crash: who made it makes another, since kafkajs starts anew only after some.
 */
export function consumerOf (connection: KafkaConnection, config: Pick<ConsumerConfig, 'groupId' | 'sessionTimeout' | 'rebalanceTimeout' | 'heartbeatInterval' | 'partitionAssigners'>): Consumer {
  return kafkaOf(connection).consumer({
    ...config,
    allowAutoTopicCreation: false,
    readUncommitted: false,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    maxBytesPerPartition: 4 * 1024 * 1024,
    maxBytes: 16 * 1024 * 1024,
    retry: { ...CONSUMER_RETRY, restartOnFailure: () => Promise.resolve(false) }
  })
}

/** Partitions are chosen by us. */
function givenPartition (): (args: { readonly message: { readonly partition?: number } }) => number {
  return ({ message }) => message.partition ?? 0
}
