import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/** Processor seconds that a process and those it started have taken so far. Linux. */
export function processorSeconds (pid: number): { readonly own: number, readonly workers: number } {
  const own = secondsOf(pid)
  const workers = readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(Number).filter(candidate => parentOf(candidate) === pid)
  return { own, workers: workers.reduce((sum, worker) => sum + secondsOf(worker), 0) }
}

interface Profile {
  readonly nodes: readonly { readonly id: number, readonly callFrame: { readonly functionName: string, readonly url: string } }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** The share of a process's busy time that is spent in the functions of kafkajs, by the profile that it wrote. */
export function shareInKafkajs (directory: string, pid: number): number {
  const file = readdirSync(directory).find(name => name.split('.')[3] === String(pid))
  if (file === undefined) throw new Error(`process ${pid} wrote no profile`)
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(directory, file), 'utf8')) as Profile
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  let [kafkajs, busy] = [0, 0]
  for (const [i, sample] of samples.entries()) {
    const { functionName, url } = frames.get(sample)!
    if (functionName === '(idle)' || functionName === '(program)') continue
    busy += timeDeltas[i]!
    if (url.includes('/kafkajs/')) kafkajs += timeDeltas[i]!
  }
  return kafkajs / busy
}

function secondsOf (pid: number): number {
  const fields = statOf(pid)
  return fields === undefined ? 0 : (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

function parentOf (pid: number): number | undefined {
  return Number(statOf(pid)?.[1])
}

/** The fields behind the name of the program. */
function statOf (pid: number): readonly string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
  } catch {
    return undefined // it has ended
  }
}
