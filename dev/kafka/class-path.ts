import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const exec = promisify(execFile)
const root = fileURLToPath(new URL('../../..', import.meta.url))
const pom = join(root, 'dev', 'kafka', 'pom.xml')

/** Where the broker keeps what it can make again. */
export const cache = join(root, '.cache', 'kafka')

/** What a person can do something about. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError'
}

/** What is missing on this machine for a broker to run; `undefined` when nothing is. */
export async function missing (): Promise<string | undefined> {
  for (const [command, args, hint] of [['java', ['-version'], 'openjdk-17-jre-headless'], ['mvn', ['-version'], 'maven']] as const) {
    try {
      await exec(command, args)
    } catch {
      return `${command} does not run: a Kafka broker needs Java 17 and Maven (apt-get install ${hint})`
    }
  }
  return undefined
}

/**
 * The jars of a broker as a Java class path. Maven downloads them from Maven Central the first time and is not run
 * again while they are there.
 *
 * @param version of Kafka. @default the one of dev/kafka/pom.xml
 */
export async function classPath (version: string | undefined): Promise<string> {
  const key = createHash('sha256').update(readFileSync(pom)).update(version ?? '').digest('hex').slice(0, 12)
  const file = join(cache, `classpath-${key}.txt`)
  const known = existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
  if (known !== '' && known.split(delimiter).every(jar => existsSync(jar))) return known

  mkdirSync(cache, { recursive: true })
  const own = `${file}.${randomUUID()}` // several processes may resolve at once
  const args = ['-B', '-q', '-f', pom, 'dependency:build-classpath', '-DincludeScope=runtime', `-Dmdep.outputFile=${own}`]
  if (version !== undefined) args.push(`-Dkafka.version=${version}`)
  try {
    await exec('mvn', ['-o', ...args]).catch(() => exec('mvn', args, { maxBuffer: 1 << 26 })) // offline first: it is faster
  } catch (cause) {
    throw new BrokerError(`Maven could not fetch Kafka ${version ?? ''}: is Maven Central, or a mirror in ~/.m2/settings.xml, within reach? ${String((cause as { stdout?: string }).stdout).slice(0, 500)}`, { cause })
  }
  renameSync(own, file)
  return readFileSync(file, 'utf8').trim()
}
