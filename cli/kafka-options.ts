import { readFileSync } from 'node:fs'
import { Option, type Command } from 'commander'
import { invalid } from '../errors.js'
import type { KafkaLogin, KafkaLogOptions } from '../log/kafka-log.js'
import { isPlace } from './is-place.js'

/** What every command that speaks to Kafka takes. */
export interface KafkaCommandOptions {
  readonly brokers: string
  readonly tls: boolean
  readonly tlsCa?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly sasl?: KafkaLogin['mechanism']
  readonly saslUser?: string
}

/** Adds the options that say how Kafka is reached. */
export function kafkaOptions (command: Command): Command {
  return command
    .addOption(new Option('--brokers <host:port,…>', 'Kafka, one broker or more; HAMMINGBIRD_BROKERS sets it too').env('HAMMINGBIRD_BROKERS').makeOptionMandatory())
    .option('--tls', 'speak TLS to the brokers', false)
    .option('--tls-ca <file>', 'certificate authority of the brokers, PEM; implies --tls')
    .option('--tls-cert <file>', 'certificate of this client, PEM; implies --tls')
    .option('--tls-key <file>', 'its key, PEM')
    .addOption(new Option('--sasl <mechanism>', 'log in; the password is in HAMMINGBIRD_SASL_PASSWORD').choices(['plain', 'scram-sha-256', 'scram-sha-512']))
    .option('--sasl-user <name>', 'who logs in')
}

/** @throws HammingbirdError `HAMMINGBIRD_INVALID` for options that do not fit together. */
export function kafkaLogOptions ({ brokers, tls, tlsCa, tlsCert, tlsKey, sasl, saslUser }: KafkaCommandOptions, clientId: string): KafkaLogOptions {
  const names = brokers.split(',').map(name => name.trim()).filter(name => name !== '')
  const wrong = names.find(name => !isPlace(name))
  if (names.length === 0 || wrong !== undefined) throw invalid('--brokers', `HOST:PORT, with commas between, got ${JSON.stringify(wrong ?? brokers)}`)
  if ((tlsCert === undefined) !== (tlsKey === undefined)) throw invalid('--tls-cert', 'a certificate and its key go together: --tls-cert and --tls-key')
  const files = { ...read('ca', '--tls-ca', tlsCa), ...read('cert', '--tls-cert', tlsCert), ...read('key', '--tls-key', tlsKey) }
  const security = Object.keys(files).length > 0 ? { tls: files } : tls ? { tls } : {}
  if (sasl === undefined) return { brokers: names, clientId, ...security }
  const password = process.env['HAMMINGBIRD_SASL_PASSWORD']
  if (saslUser === undefined || password === undefined) throw invalid('--sasl', 'needs --sasl-user, and the password in HAMMINGBIRD_SASL_PASSWORD')
  return { brokers: names, clientId, ...security, sasl: { mechanism: sasl, username: saslUser, password } }
}

function read (name: string, option: string, file: string | undefined): Record<string, string> {
  if (file === undefined) return {}
  try {
    return { [name]: readFileSync(file, 'utf8') }
  } catch (cause) {
    throw invalid(option, `${file} cannot be read: ${(cause as Error).message}`)
  }
}
