import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const VERSION = 'v0.120.0'
const root = fileURLToPath(new URL('../../../', import.meta.url))
const program = `${root}.cache/ghz/ghz`

export interface GhzAsk {
  readonly address: string
  /** Its folder and file. */
  readonly proto: readonly [string, string]
  readonly call: string
  /** File of requests, each with its length before it. */
  readonly requests: string
  readonly concurrency: number
  readonly connections: number
  readonly seconds: number
  /** Requests a second, begun evenly, whether those before are answered or not. @default each after the last */
  readonly rate?: number
}

export interface GhzAnswer {
  readonly requests: number
  readonly failed: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

interface Report {
  readonly count: number
  readonly rps: number
  readonly statusCodeDistribution: Readonly<Record<string, number>>
  readonly latencyDistribution: readonly { readonly percentage: number, readonly latency: number }[]
}

/** The load generator ghz, built into .cache the first time, which needs Go. */
export class Ghz {
  static readonly version = VERSION

  readonly program = program

  static install (): Ghz {
    if (!existsSync(program)) {
      console.error(`building ghz ${VERSION} into .cache/ghz`)
      mkdirSync(`${root}.cache/ghz`, { recursive: true })
      execFileSync('go', ['install', `github.com/bojand/ghz/cmd/ghz@${VERSION}`], { stdio: 'inherit', env: { ...process.env, GOBIN: `${root}.cache/ghz`, GOPATH: `${root}.cache/go`, GOFLAGS: '-modcacherw' } })
    }
    return new Ghz()
  }

  async run ({ address, proto: [folder, file], call, requests, concurrency, connections, seconds, rate }: GhzAsk): Promise<GhzAnswer> {
    // Twice a second its collector takes both of two processors for some milliseconds: what an open load would then measure is the load generator.
    const collector = rate === undefined ? {} : { GOGC: 'off' }
    const open = rate === undefined ? [] : ['--rps', String(Math.round(rate))]
    const child = spawn(program, ['--insecure', '--import-paths', folder, '--proto', file, '--call', call, '--binary-file', requests, '--concurrency', String(concurrency),
      '--connections', String(connections), '--duration', `${seconds}s`, '--duration-stop', 'wait', '--format', 'json', ...open, address], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...collector } })
    const said = (await child.stdout.toArray()).join('')
    const { count, rps, statusCodeDistribution, latencyDistribution } = JSON.parse(said) as Report
    const at = (percentage: number): number => latencyDistribution.find(one => one.percentage === percentage)!.latency / 1e6
    return { requests: count, failed: count - (statusCodeDistribution['OK'] ?? 0), requestsPerSecond: rps, p50Ms: at(50), p99Ms: at(99) }
  }
}
